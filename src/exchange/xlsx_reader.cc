#include "exchange/xlsx_reader.h"

#include <expat.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"

namespace dealpace::exchange {
namespace {

constexpr int kRowsMax = 1'048'576;  // Excel's own limits
constexpr int kColumnsMax = 16'384;
constexpr size_t kSheetsMax = 10'000;
constexpr size_t kMergesMax = 1'000'000;
constexpr size_t kStylesMax = 1'000'000;
constexpr size_t kLinksMax = 100'000;
constexpr size_t kFormulaBytesMax = 256;          // shown of a formula without a value
constexpr int64_t kDirectoryBytesMax = 16 << 20;  // of the ZIP file's list of parts
constexpr size_t kXmlBytesMax = 32 << 20;         // that the XML parser may hold
constexpr int64_t kXmlTokenBytesMax = 1 << 20;    // of one tag
constexpr int kXmlChunkBytes = 1 << 16;
constexpr int64_t kRatioFreeBytes = 64 << 20;  // so much may come out of a file of any size
constexpr int kMsPerDay = 86'400'000;

// How much may still come out of the archive. Counted as it comes: what the file says about sizes is not to be trusted.
class Budget {
 public:
  Budget(const ReadLimits& limits, int64_t file_bytes)
      : left_(std::min(limits.uncompressed_bytes_max,
                       std::max(kRatioFreeBytes, file_bytes * limits.compression_ratio_max))) {}
  [[nodiscard]] bool Take(int64_t bytes) { return (left_ -= bytes) >= 0; }
  void Return(int64_t bytes) { left_ += bytes; }

 private:
  int64_t left_;
};

// The ZIP file.
class Archive {
 public:
  static Result<std::unique_ptr<Archive>> Open(InputFile file, const ReadLimits& limits) {
    RETURN_IF_ERROR(CheckDirectory(file));
    const int fd = dup(file.fd());
    if (fd < 0) return FileError("file_unreadable", file);
    int code = 0;
    zip_t* zip = zip_fdopen(fd, 0, &code);
    if (zip == nullptr) {
      close(fd);
      return FileError("file_damaged", file, "the ZIP file is broken or cut off");
    }
    return std::unique_ptr<Archive>(new Archive(std::move(file), zip, limits));
  }
  ~Archive() { zip_discard(zip_); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  [[nodiscard]] const InputFile& file() const { return file_; }
  [[nodiscard]] zip_t* zip() const { return zip_; }
  [[nodiscard]] Budget& budget() { return budget_; }

  // The part's number. Some programs write other letter cases, or backslashes, than the references to the part.
  [[nodiscard]] std::optional<zip_uint64_t> Find(const std::string& name) const {
    if (name.empty()) return std::nullopt;
    zip_int64_t index = zip_name_locate(zip_, name.c_str(), 0);
    if (index < 0) index = zip_name_locate(zip_, name.c_str(), ZIP_FL_NOCASE);
    if (index < 0) index = zip_name_locate(zip_, ReplaceAll(name, "/", "\\").c_str(), ZIP_FL_NOCASE);
    if (index < 0) return std::nullopt;
    return static_cast<zip_uint64_t>(index);
  }

 private:
  Archive(InputFile file, zip_t* zip, const ReadLimits& limits)
      : file_(std::move(file)), zip_(zip), budget_(limits, file_.size()) {}

  // libzip loads the whole directory, so its length is looked at first. Whatever looks like the directory's end record
  // counts: it is libzip that chooses among several.
  static Status CheckDirectory(InputFile& file) {
    constexpr int64_t kEndBytes = 22;
    constexpr int64_t kLocatorBytes = 20;
    const int64_t tail_bytes = std::min<int64_t>(file.size(), kEndBytes + kLocatorBytes + 65'535);
    std::string tail(static_cast<size_t>(tail_bytes), '\0');
    file.Seek(file.size() - tail_bytes);
    ASSIGN_OR_RETURN(const size_t read, file.Read(tail.data(), tail.size()));
    tail.resize(read);
    const auto number = [](std::string_view bytes, size_t at, size_t size) {
      uint64_t value = 0;
      if (at + size <= bytes.size()) std::memcpy(&value, bytes.data() + at, size);  // both are little-endian
      return value;
    };
    const auto too_long = [](uint64_t bytes) { return bytes > static_cast<uint64_t>(kDirectoryBytesMax); };
    for (size_t at = 0; (at = tail.find("PK\x05\x06", at)) != std::string::npos; ++at) {
      const uint64_t bytes = number(tail, at + 12, 4);
      if (bytes != 0xFFFFFFFF && too_long(bytes)) return FileError("file_too_large_inside", file, "too many parts");
    }
    for (size_t at = 0; (at = tail.find("PK\x06\x07", at)) != std::string::npos; ++at) {
      const uint64_t position = number(tail, at + 8, 8);
      if (position >= static_cast<uint64_t>(file.size())) continue;
      std::string record(56, '\0');
      file.Seek(static_cast<int64_t>(position));
      ASSIGN_OR_RETURN(const size_t got, file.Read(record.data(), record.size()));
      record.resize(got);
      if (record.starts_with("PK\x06\x06") && too_long(number(record, 40, 8))) {
        return FileError("file_too_large_inside", file, "too many parts");
      }
    }
    return {};
  }

  InputFile file_;
  zip_t* zip_;
  Budget budget_;
};

// The bytes of one part, unpacked. `archive` must outlive it.
class Part {
 public:
  static Result<Part> Open(Archive& archive, const std::string& name) {
    const auto index = archive.Find(name);
    zip_stat_t stat;
    if (!index || zip_stat_index(archive.zip(), *index, 0, &stat) != 0) {
      return FileError("file_damaged", archive.file(), "no part " + name);
    }
    // Other methods may ask for gigabytes of memory, and no program packs workbooks with them.
    const bool known = (stat.valid & ZIP_STAT_COMP_METHOD) != 0 &&
                       (stat.comp_method == ZIP_CM_STORE || stat.comp_method == ZIP_CM_DEFLATE);
    zip_file_t* handle = known ? zip_fopen_index(archive.zip(), *index, 0) : nullptr;
    if (handle == nullptr) return FileError("file_damaged", archive.file(), "cannot unpack " + name);
    return Part(archive, handle, name, (stat.valid & ZIP_STAT_SIZE) != 0 ? static_cast<double>(stat.size) : 0.0);
  }

  // Up to `size` bytes; 0 at the end, where the checksum has been compared.
  [[nodiscard]] Result<size_t> Read(char* out, size_t size) {
    const zip_int64_t read = zip_fread(handle_.get(), out, size);
    if (read < 0) return FileError("file_damaged", archive_->file(), "cannot unpack " + name_);
    bytes_ += read;
    if (!archive_->budget().Take(read)) return FileError("file_too_large_inside", archive_->file());
    return static_cast<size_t>(read);
  }

  [[nodiscard]] int64_t bytes() const { return bytes_; }
  // Share that has been read, by the size that the file claims.
  [[nodiscard]] double progress() const {
    return claimed_bytes_ < 1 ? 0.0 : std::min(1.0, static_cast<double>(bytes_) / claimed_bytes_);
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Archive& archive() const { return *archive_; }

 private:
  struct Closer {
    void operator()(zip_file_t* handle) const { zip_fclose(handle); }
  };
  Part(Archive& archive, zip_file_t* handle, std::string name, double claimed_bytes)
      : archive_(&archive), handle_(handle), name_(std::move(name)), claimed_bytes_(claimed_bytes) {}

  Archive* archive_;
  std::unique_ptr<zip_file_t, Closer> handle_;
  std::string name_;
  double claimed_bytes_;
  int64_t bytes_ = 0;
};

// ---- XML

std::string_view LocalName(const char* name) {
  const char* colon = std::strchr(name, ':');
  return colon == nullptr ? name : colon + 1;
}

// An element's attributes as expat gives them: name, value, name, value, …, null.
class Attributes {
 public:
  explicit Attributes(const char** list) : list_(list) {}
  // By the name as written; empty when missing.
  [[nodiscard]] std::string_view operator[](std::string_view name) const {
    for (const char** a = list_; *a != nullptr; a += 2) {
      if (name == a[0]) return a[1];
    }
    return {};
  }
  // The one of that name with a namespace prefix, whatever the prefix.
  [[nodiscard]] std::string_view Prefixed(std::string_view local) const {
    for (const char** a = list_; *a != nullptr; a += 2) {
      const std::string_view name = LocalName(a[0]);
      if (name == local && name.data() != a[0]) return a[1];
    }
    return {};
  }
  [[nodiscard]] const char** list() const { return list_; }

 private:
  const char** list_;
};

// Told of the elements of a part, by their names without prefixes.
class XmlHandler {
 public:
  enum class Flow { kGoOn, kPause, kStop };
  virtual ~XmlHandler() = default;
  virtual void Start(std::string_view name, const Attributes& attributes) = 0;
  virtual void End(std::string_view /*name*/) {}
  virtual void Text(std::string_view /*text*/) {}

  Flow flow = Flow::kGoOn;          // looked at after each call
  std::optional<Error> error = {};  // why it stopped, when not because it knows enough
  void Fail(Error reason) {
    error = std::move(reason);
    flow = Flow::kStop;
  }
};

// What one parser may allocate. Element and attribute names, nesting and unfinished tags all stay in the parser's
// memory; only at the allocator can they be bounded together.
struct XmlMemory {
  size_t used = 0;
};
thread_local XmlMemory* allocating_for = nullptr;  // expat's allocator is not told for which parser

struct alignas(std::max_align_t) XmlBlock {
  XmlMemory* memory;
  size_t size;
};

void* XmlReallocate(void* pointer, size_t size) {
  XmlBlock* old = pointer == nullptr ? nullptr : static_cast<XmlBlock*>(pointer) - 1;
  XmlMemory* memory = old == nullptr ? allocating_for : old->memory;
  const size_t before = old == nullptr ? 0 : old->size;
  if (size > kXmlBytesMax || memory->used - before + size > kXmlBytesMax) return nullptr;
  auto* block = static_cast<XmlBlock*>(std::realloc(old, sizeof(XmlBlock) + size));
  if (block == nullptr) return nullptr;
  memory->used += size - before;
  *block = {memory, size};
  return block + 1;
}

void* XmlAllocate(size_t size) { return XmlReallocate(nullptr, size); }

void XmlFree(void* pointer) {
  if (pointer == nullptr) return;
  XmlBlock* block = static_cast<XmlBlock*>(pointer) - 1;
  block->memory->used -= block->size;
  std::free(block);
}

// Parses a part and tells a handler. `handler` must outlive it.
class XmlStream {
 public:
  XmlStream(Part part, XmlHandler& handler) : part_(std::move(part)), handler_(handler) {
    allocating_for = &memory_;
    const XML_Memory_Handling_Suite suite{XmlAllocate, XmlReallocate, XmlFree};
    parser_ = XML_ParserCreate_MM(nullptr, &suite, nullptr);
    if (parser_ == nullptr) return;
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, OnStart, OnEnd);
    XML_SetCharacterDataHandler(parser_, OnText);
    XML_SetStartDoctypeDeclHandler(parser_, OnDoctype);
  }
  ~XmlStream() { XML_ParserFree(parser_); }
  XmlStream(const XmlStream&) = delete;
  XmlStream& operator=(const XmlStream&) = delete;

  // Goes on until the handler pauses (true), or stops or has seen all of the part (false).
  [[nodiscard]] Result<bool> Run() {
    if (parser_ == nullptr) return Damaged();
    allocating_for = &memory_;
    handler_.flow = XmlHandler::Flow::kGoOn;
    while (true) {
      XML_Status status = XML_STATUS_OK;
      if (paused_) {
        status = XML_ResumeParser(parser_);
      } else {
        void* buffer = XML_GetBuffer(parser_, kXmlChunkBytes);
        if (buffer == nullptr) return FileError("file_too_large_inside", part_.archive().file(), part_.name());
        ASSIGN_OR_RETURN(const size_t read, part_.Read(static_cast<char*>(buffer), kXmlChunkBytes));
        status = XML_ParseBuffer(parser_, static_cast<int>(read), static_cast<int>(read == 0));
      }
      paused_ = status == XML_STATUS_SUSPENDED;
      if (paused_) return true;
      if (status == XML_STATUS_ERROR) {
        if (handler_.error) return *handler_.error;
        if (handler_.flow == XmlHandler::Flow::kStop) return false;
        if (XML_GetErrorCode(parser_) == XML_ERROR_NO_MEMORY) {
          return FileError("file_too_large_inside", part_.archive().file(), part_.name());
        }
        return Damaged();
      }
      XML_ParsingStatus parsing;
      XML_GetParsingStatus(parser_, &parsing);
      if (parsing.parsing == XML_FINISHED) return false;
      // An unfinished tag is scanned anew with every piece.
      if (part_.bytes() - XML_GetCurrentByteIndex(parser_) > kXmlTokenBytesMax + kXmlChunkBytes) return Damaged();
    }
  }

  [[nodiscard]] const Part& part() const { return part_; }

 private:
  [[nodiscard]] Error Damaged() const { return FileError("file_damaged", part_.archive().file(), part_.name()); }

  static void OnStart(void* self, const char* name, const char** attributes) {
    static_cast<XmlStream*>(self)->Tell([&](XmlHandler& h) { h.Start(LocalName(name), Attributes(attributes)); });
  }
  static void OnEnd(void* self, const char* name) {
    static_cast<XmlStream*>(self)->Tell([&](XmlHandler& h) { h.End(LocalName(name)); });
  }
  static void OnText(void* self, const char* text, int size) {
    static_cast<XmlStream*>(self)->Tell([&](XmlHandler& h) { h.Text({text, static_cast<size_t>(size)}); });
  }
  // Entities exist only with a document type, which no workbook has.
  static void OnDoctype(void* self, const char*, const char*, const char*, int) {
    auto* stream = static_cast<XmlStream*>(self);
    stream->Tell([&](XmlHandler& h) { h.Fail(stream->Damaged()); });
  }
  template <typename Call>
  void Tell(const Call& call) {
    if (handler_.flow == XmlHandler::Flow::kStop) return;  // expat may end an element that it has begun
    call(handler_);
    if (handler_.flow != XmlHandler::Flow::kGoOn) {
      XML_StopParser(parser_, static_cast<XML_Bool>(handler_.flow == XmlHandler::Flow::kPause));
    }
  }

  Part part_;
  XmlHandler& handler_;
  XmlMemory memory_;
  XML_Parser parser_ = nullptr;
  bool paused_ = false;
};

// Parses all that the handler wants of a part.
Status ReadPart(Archive& archive, const std::string& name, XmlHandler& handler) {
  ASSIGN_OR_RETURN(Part part, Part::Open(archive, name));
  XmlStream stream(std::move(part), handler);
  const Result<bool> run = stream.Run();
  if (!run.ok()) return run.error();
  return {};
}

std::optional<int> ParseInt(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool ParseXmlBool(std::string_view text) { return text == "1" || text == "true"; }

// ---- The workbook and its links

struct Link {
  std::string type;    // last part of the type's URI: "worksheet", "sharedStrings"
  std::string target;  // name of the part
};

// "xl/" and "worksheets/sheet1.xml" → "xl/worksheets/sheet1.xml"; a target from the root stays.
std::string ResolveTarget(std::string_view folder, std::string_view target) {
  std::string path = ReplaceAll(target, "\\", "/");
  if (!path.starts_with('/')) path = std::string(folder) + path;
  std::vector<std::string> names;
  for (std::string& name : Split(path, '/')) {
    if (name == "..") {
      if (!names.empty()) names.pop_back();
    } else if (!name.empty() && name != ".") {
      names.push_back(std::move(name));
    }
  }
  return Join(names, "/");
}

class LinksHandler final : public XmlHandler {
 public:
  explicit LinksHandler(std::string folder) : folder_(std::move(folder)) {}
  void Start(std::string_view name, const Attributes& attributes) override {
    if (name != "Relationship" || links.size() >= kLinksMax || attributes["TargetMode"] == "External") return;
    const std::string_view type = attributes["Type"];
    links.emplace(attributes["Id"],
                  Link{std::string(type.substr(type.rfind('/') + 1)), ResolveTarget(folder_, attributes["Target"])});
  }
  [[nodiscard]] std::string TargetOf(std::string_view type) const {
    for (const auto& [id, link] : links) {
      if (link.type == type) return link.target;
    }
    return {};
  }

  std::map<std::string, Link> links;  // by id

 private:
  std::string folder_;
};

class WorkbookHandler final : public XmlHandler {
 public:
  void Start(std::string_view name, const Attributes& attributes) override {
    if (name == "workbookPr") {
      date1904 = ParseXmlBool(attributes["date1904"]);
    } else if (name == "sheet" && sheets.size() < kSheetsMax) {
      sheets.emplace_back(attributes["name"], attributes.Prefixed("id"));
    }
  }

  bool date1904 = false;
  std::vector<std::pair<std::string, std::string>> sheets;  // name, id of its link
};

// ---- Styles

FormatKind KindOfBuiltInFormat(int id) {
  if ((id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58)) {
    return FormatKind::kDate;
  }
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id == 45 || id == 47) return FormatKind::kTime;
  return id == 46 ? FormatKind::kDuration : FormatKind::kNumber;
}

class StylesHandler final : public XmlHandler {
 public:
  void Start(std::string_view name, const Attributes& attributes) override {
    if (name == "numFmt") {
      const auto id = ParseInt(attributes["numFmtId"]);
      if (id && custom_.size() < kStylesMax) custom_[*id] = KindOfFormat(attributes["formatCode"]);
    } else if (name == "cellXfs") {
      in_cell_styles_ = true;
    } else if (name == "xf" && in_cell_styles_ && formats_.size() < kStylesMax) {
      formats_.push_back(ParseInt(attributes["numFmtId"]).value_or(0));
    }
  }
  void End(std::string_view name) override {
    if (name == "cellXfs") in_cell_styles_ = false;
  }

  // By number of the cell style.
  [[nodiscard]] std::vector<FormatKind> Kinds() const {
    std::vector<FormatKind> kinds;
    kinds.reserve(formats_.size());
    for (const int id : formats_) {
      const auto custom = custom_.find(id);
      kinds.push_back(custom != custom_.end() ? custom->second : KindOfBuiltInFormat(id));
    }
    return kinds;
  }

 private:
  bool in_cell_styles_ = false;
  std::unordered_map<int, FormatKind> custom_;
  std::vector<int> formats_;
};

// ---- Texts

// Gathers the text of a shared or inline string: its <t> elements, without phonetic guides (<rPh>).
class StringGatherer {
 public:
  explicit StringGatherer(int64_t bytes_max) : bytes_max_(static_cast<size_t>(bytes_max)) {}
  void Begin() {
    text_.clear();
    in_text_ = false;
    phonetic_depth_ = 0;
  }
  void Start(std::string_view name) {
    if (name == "rPh") ++phonetic_depth_;
    if (name == "t") in_text_ = phonetic_depth_ == 0;
  }
  void End(std::string_view name) {
    if (name == "rPh") --phonetic_depth_;
    if (name == "t") in_text_ = false;
  }
  void Text(std::string_view text) {
    if (in_text_) Append(text);
  }
  void Append(std::string_view text) {
    // One byte beyond the limit is kept, to tell a text that is too long.
    if (text_.size() <= bytes_max_) text_.append(text.substr(0, bytes_max_ + 1 - text_.size()));
  }
  [[nodiscard]] std::string& text() { return text_; }

 private:
  size_t bytes_max_;
  std::string text_;
  bool in_text_ = false;
  int phonetic_depth_ = 0;
};

// Undoes the notation of characters that XML cannot hold: "_x000D_" is a carriage return.
void DecodeEscapes(std::string& text) {
  size_t at = text.find("_x");
  if (at == std::string::npos) return;
  std::string out;
  size_t done = 0;
  for (; at != std::string::npos; at = text.find("_x", at)) {
    uint32_t code = 0;
    const char* digits = text.data() + at + 2;
    if (at + 7 > text.size() || text[at + 6] != '_' ||
        std::from_chars(digits, digits + 4, code, 16).ptr != digits + 4 || code == 0 ||
        (code >= 0xD800 && code < 0xE000)) {
      at += 2;
      continue;
    }
    out.append(text, done, at - done);
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | (code >> 6));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | (code >> 12));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
    done = at += 7;
  }
  out.append(text, done);
  text = std::move(out);
}

// Many texts, packed into blocks that never move.
class TextPool {
 public:
  // Bytes it takes, near enough.
  [[nodiscard]] int64_t bytes() const { return bytes_; }
  [[nodiscard]] size_t size() const { return texts_.size(); }
  [[nodiscard]] std::string_view operator[](size_t index) const { return texts_[index]; }
  void Add(std::string_view text) {
    constexpr size_t kBlockBytes = 1 << 16;
    if (blocks_.empty() || block_left_ < text.size()) {
      const size_t bytes = std::max(kBlockBytes, text.size());
      blocks_.push_back(std::make_unique<char[]>(bytes));
      bytes_ += static_cast<int64_t>(bytes);
      free_ = blocks_.back().get();
      block_left_ = bytes;
    }
    std::ranges::copy(text, free_);
    texts_.emplace_back(free_, text.size());
    bytes_ += static_cast<int64_t>(sizeof(std::string_view));
    free_ += text.size();
    block_left_ -= text.size();
  }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::deque<std::string_view> texts_;
  char* free_ = nullptr;
  size_t block_left_ = 0;
  int64_t bytes_ = 0;
};

class SharedStringsHandler final : public XmlHandler {
 public:
  SharedStringsHandler(const InputFile& file, const ReadLimits& limits, TextPool& pool)
      : file_(file), bytes_max_(limits.shared_strings_bytes_max), pool_(pool), string_(limits.cell_bytes_max) {}
  void Start(std::string_view name, const Attributes& /*attributes*/) override {
    if (name == "si") {
      string_.Begin();
    } else {
      string_.Start(name);
    }
  }
  void Text(std::string_view text) override { string_.Text(text); }
  void End(std::string_view name) override {
    string_.End(name);
    if (name != "si") return;
    DecodeEscapes(string_.text());
    pool_.Add(string_.text());
    if (pool_.bytes() > bytes_max_) Fail(FileError("file_too_large_inside", file_, "shared strings"));
  }

 private:
  const InputFile& file_;
  int64_t bytes_max_;
  TextPool& pool_;
  StringGatherer string_;
};

// ---- Numbers and dates

// A date and the time of that day. Nothing for day zero and for what no calendar has.
std::optional<std::pair<Day, int>> DateOfSerial(double serial, bool date1904) {
  if (!(serial >= 0) || serial > 3'000'000) return std::nullopt;
  auto days = static_cast<int>(serial);
  auto ms = static_cast<int>(std::lround((serial - days) * kMsPerDay));
  if (ms == kMsPerDay) {
    ++days;
    ms = 0;
  }
  Day day;
  if (date1904) {
    day = Day{-24107} + days;  // 1904-01-01
  } else {
    if (days == 0 || days == 60) return std::nullopt;
    day = Day{-25569} + (days < 60 ? days + 1 : days);  // 1899-12-30; Excel counts 29 February 1900
  }
  if (day > kLastDay) return std::nullopt;
  return std::pair(day, ms);
}

std::string TimeText(int ms_of_day) {
  const int s = ms_of_day / 1000;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  return text.data();
}

void SetDate(Cell& cell, Day day, int ms_of_day) {
  cell.kind = Cell::Kind::kDate;
  cell.day = day;
  cell.ms_of_day = ms_of_day;
  cell.text = FormatDay(day);
  if (ms_of_day > 0) cell.text.append(" ").append(TimeText(ms_of_day));
}

// ISO 8601, as cells of type "d" have it: "2026-10-07", "2026-10-07T09:30:00".
bool SetIsoDate(Cell& cell, std::string_view text) {
  const auto day = ParseDay(text.substr(0, 10));
  if (!day) return false;
  int ms = 0;
  if (text.size() > 10) {
    const auto hours = text.size() >= 16 ? ParseInt(text.substr(11, 2)) : std::nullopt;
    const auto minutes = text.size() >= 16 ? ParseInt(text.substr(14, 2)) : std::nullopt;
    const auto seconds = text.size() >= 19 ? ParseInt(text.substr(17, 2)) : std::optional<int>(0);
    if (text[10] != 'T' || !hours || !minutes || !seconds || *hours < 0 || *hours > 23 || *minutes < 0 ||
        *minutes > 59 || *seconds < 0 || *seconds > 59) {
      return false;
    }
    ms = ((*hours * 60 + *minutes) * 60 + *seconds) * 1000;
  }
  SetDate(cell, *day, ms);
  return true;
}

void SetNumber(Cell& cell, std::string_view written, FormatKind format, bool date1904) {
  const auto number = NumberText(written);
  if (!number) {
    cell.kind = Cell::Kind::kText;
    AssignText(cell.text, written);
    return;
  }
  cell.kind = Cell::Kind::kNumber;
  cell.text = *number;
  if (format != FormatKind::kDate && format != FormatKind::kTime) return;
  double serial = -1;
  std::from_chars(number->data(), number->data() + number->size(), serial);
  if (serial > 0 && serial < 1 && (format == FormatKind::kTime || !date1904)) {
    cell.kind = Cell::Kind::kText;
    cell.text = TimeText(std::min(static_cast<int>(std::lround(serial * kMsPerDay)), kMsPerDay - 1));
  } else if (serial == 0 && format == FormatKind::kTime) {
    cell.kind = Cell::Kind::kText;
    cell.text = TimeText(0);
  } else if (const auto date = DateOfSerial(serial, date1904)) {
    SetDate(cell, date->first, date->second);
  }
}

// ---- Merged ranges

struct Place {
  int row = 0;     // from 1
  int column = 0;  // from 0
};

// "BC23"
std::optional<Place> ParsePlace(std::string_view ref) {
  Place place;
  size_t i = 0;
  for (; i < ref.size() && i < 4; ++i) {
    const auto letter = static_cast<char>(ref[i] | 0x20);
    if (letter < 'a' || letter > 'z') break;
    place.column = place.column * 26 + (letter - 'a' + 1);
  }
  const auto row = ParseInt(ref.substr(i));
  if (i == 0 || place.column > kColumnsMax || !row || *row < 1 || *row > kRowsMax) return std::nullopt;
  --place.column;
  place.row = *row;
  return place;
}

struct Merge {
  int top = 0;
  int left = 0;
  int bottom = 0;
  int right = 0;
};

std::optional<Merge> ParseMerge(std::string_view ref) {
  const size_t colon = ref.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto first = ParsePlace(ref.substr(0, colon));
  const auto last = ParsePlace(ref.substr(colon + 1));
  if (!first || !last || last->row < first->row || last->column < first->column) return std::nullopt;
  return Merge{first->row, first->column, last->row, last->column};
}

// The merged ranges of a sheet, by their first cells. They stand behind all rows, so the part is unpacked once for
// them alone, and searched for the tags as text: parsing the rows twice would take as long again as reading them.
Result<std::vector<Merge>> ReadMerges(Part part) {
  constexpr std::string_view kTag = "mergeCell";
  constexpr size_t kTagBytesMax = 512;
  std::vector<Merge> merges;
  std::string buffer(kXmlChunkBytes + kTagBytesMax, '\0');
  size_t kept = 0;
  while (true) {
    ASSIGN_OR_RETURN(const size_t read, part.Read(buffer.data() + kept, kXmlChunkBytes));
    if (read == 0) break;
    const std::string_view text(buffer.data(), kept + read);
    size_t done = 0;
    while (true) {
      const auto* found =
          static_cast<const char*>(memmem(text.data() + done, text.size() - done, kTag.data(), kTag.size()));
      if (found == nullptr) {
        done = std::max(done, text.size() - std::min(text.size(), kTag.size()));
        break;
      }
      const auto at = static_cast<size_t>(found - text.data());
      std::string_view tag = text.substr(at, kTagBytesMax);
      const size_t close = tag.find('>');
      if (close == std::string_view::npos && tag.size() < kTagBytesMax) {
        done = at == 0 ? 0 : at - 1;  // wait for the rest
        break;
      }
      tag = tag.substr(0, close);
      done = at + tag.size();
      const size_t ref = tag.find("ref=");
      if (at == 0 || (text[at - 1] != '<' && text[at - 1] != ':') || ref == std::string_view::npos ||
          ref + 5 >= tag.size()) {
        continue;
      }
      const size_t quote = tag.find(tag[ref + 4], ref + 5);
      if (quote == std::string_view::npos) continue;
      if (const auto merge = ParseMerge(tag.substr(ref + 5, quote - ref - 5))) merges.push_back(*merge);
      if (merges.size() > kMergesMax) {
        return FileError("file_too_large_inside", part.archive().file(), "merged cells");
      }
    }
    kept = std::min(text.size() - done, kTagBytesMax);
    std::memmove(buffer.data(), text.data() + text.size() - kept, kept);
  }
  part.archive().budget().Return(part.bytes());  // the rows will be counted when they are read
  std::ranges::sort(merges,
                    [](const Merge& a, const Merge& b) { return std::pair(a.top, a.left) < std::pair(b.top, b.left); });
  return merges;
}

// ---- The sheet

// Whether a cell holds anything at all.
class AnyValueHandler final : public XmlHandler {
 public:
  void Start(std::string_view name, const Attributes& /*attributes*/) override {
    if (name == "v" || name == "is" || name == "f") {
      found = true;
      flow = Flow::kStop;
    } else if (name == "sheetData") {
      in_data_ = true;
    }
  }
  void End(std::string_view name) override {
    if (in_data_ && name == "sheetData") flow = Flow::kStop;
  }

  bool found = false;

 private:
  bool in_data_ = false;
};

// What is needed to understand a sheet's cells.
struct SheetContext {
  ReadLimits limits;
  TextPool strings;
  std::vector<FormatKind> formats;
  bool date1904 = false;
  std::vector<Merge> merges;
};

// Pauses after each row that holds something: `row` then is that row, or `refused` says why it can't be.
class SheetHandler final : public XmlHandler {
 public:
  SheetHandler(const SheetContext& context, const InputFile& file)
      : context_(context), file_(file), string_(context.limits.cell_bytes_max) {}

  void Start(std::string_view name, const Attributes& attributes) override {
    if (in_cell_) {
      if (name == "v") {
        in_value_ = has_value_ = true;
      } else if (name == "f") {
        in_formula_ = has_formula_ = true;
      } else if (name == "is") {
        in_inline_ = has_value_ = true;
        string_.Begin();
      } else if (in_inline_) {
        string_.Start(name);
      }
    } else if (in_row_) {
      if (name == "c") StartCell(attributes);
    } else if (in_data_) {
      if (name == "row") StartRow(attributes);
    } else if (name == "sheetData") {
      in_data_ = true;
    }
  }

  void Text(std::string_view text) override {
    if (in_value_) {
      string_.Append(text);
    } else if (in_formula_) {
      if (formula_.size() + text.size() <= kFormulaBytesMax) formula_.append(text);
    } else if (in_inline_) {
      string_.Text(text);
    }
  }

  void End(std::string_view name) override {
    if (in_cell_) {
      if (name == "v") {
        in_value_ = false;
      } else if (name == "f") {
        in_formula_ = false;
      } else if (name == "is") {
        in_inline_ = false;
      } else if (in_inline_) {
        string_.End(name);
      } else if (name == "c") {
        in_cell_ = false;
        EndCell();
      }
    } else if (in_row_ && name == "row") {
      in_row_ = false;
      EndRow();
    } else if (in_data_ && name == "sheetData") {
      flow = Flow::kStop;  // what follows has been searched for merged ranges; the checksum has been compared
    }
  }

  Row row;
  std::string_view refused;
  [[nodiscard]] int64_t number() const { return number_; }

 private:
  enum class Type { kNumber, kShared, kText, kBool, kError, kIsoDate };

  void Damaged(std::string_view detail) { Fail(FileError("file_damaged", file_, detail).With("row", number_)); }

  void StartRow(const Attributes& attributes) {
    in_row_ = true;
    const std::string_view written = attributes["r"];
    const auto number = written.empty() ? std::optional<int>(number_ + 1) : ParseInt(written);
    if (!number || *number <= number_ || *number > kRowsMax) return Damaged("row number");
    number_ = *number;
    row.number = number_;
    refused = {};
    used_ = 0;
    column_ = -1;
    bytes_ = 0;
  }

  void StartCell(const Attributes& attributes) {
    in_cell_ = true;
    type_ = Type::kNumber;
    style_ = -1;
    int column = column_ + 1;
    for (const char** a = attributes.list(); *a != nullptr; a += 2) {
      const std::string_view name = a[0];
      const std::string_view value = a[1];
      if (name == "r") {
        const auto place = ParsePlace(value);
        if (!place) return Damaged("cell reference");
        column = place->column;
      } else if (name == "t") {
        type_ = value == "s"                             ? Type::kShared
                : value == "str" || value == "inlineStr" ? Type::kText
                : value == "b"                           ? Type::kBool
                : value == "e"                           ? Type::kError
                : value == "d"                           ? Type::kIsoDate
                                                         : Type::kNumber;
      } else if (name == "s") {
        style_ = ParseInt(value).value_or(-1);
      }
    }
    if (column >= kColumnsMax) return Damaged("cell reference");
    column_ = column;
    in_inline_ = in_value_ = in_formula_ = false;
    has_value_ = has_formula_ = false;
    formula_ = "=";
    string_.Begin();
  }

  void EndCell() {
    if (has_formula_ && !has_value_) {  // saved by a program that does not calculate
      type_ = Type::kError;
      string_.Append(formula_);
    }
    std::string& written = string_.text();
    if (written.empty() || !refused.empty()) return;
    if (static_cast<int64_t>(written.size()) > context_.limits.cell_bytes_max) return Refuse("cell_too_long");
    Cell* cell = CellAt(column_);
    if (cell == nullptr) return;
    switch (type_) {
      case Type::kShared: {
        const auto index = ParseInt(Trim(written));
        if (!index || *index < 0 || static_cast<size_t>(*index) >= context_.strings.size()) {
          return Damaged("shared string");
        }
        const std::string_view text = context_.strings[static_cast<size_t>(*index)];
        if (static_cast<int64_t>(text.size()) > context_.limits.cell_bytes_max) return Refuse("cell_too_long");
        SetText(*cell, text);
        break;
      }
      case Type::kText:
        DecodeEscapes(written);
        SetText(*cell, written);
        break;
      case Type::kBool:
        cell->kind = Cell::Kind::kBool;
        cell->text = ParseXmlBool(Trim(written)) ? "TRUE" : "FALSE";
        break;
      case Type::kError:
        cell->kind = Cell::Kind::kError;
        AssignText(cell->text, written);
        break;
      case Type::kIsoDate:
        if (!SetIsoDate(*cell, Trim(written))) SetText(*cell, written);
        break;
      case Type::kNumber: {
        const bool styled = style_ >= 0 && static_cast<size_t>(style_) < context_.formats.size();
        SetNumber(*cell, Trim(written), styled ? context_.formats[static_cast<size_t>(style_)] : FormatKind::kNumber,
                  context_.date1904);
        break;
      }
    }
    Count(*cell);
  }

  void EndRow() {
    const bool own = std::any_of(row.cells.begin(), row.cells.begin() + static_cast<std::ptrdiff_t>(used_),
                                 [](const Cell& cell) { return cell.kind != Cell::Kind::kEmpty; });
    if (!own && refused.empty()) return;
    if (refused.empty()) FillMerged();
    row.cells.resize(used_);
    flow = Flow::kPause;
  }

  // Hands the values of merged ranges to the cells that they cover in this row.
  void FillMerged() {
    const auto& merges = context_.merges;
    for (; next_merge_ < merges.size() && merges[next_merge_].top <= number_; ++next_merge_) {
      const Merge& merge = merges[next_merge_];
      const auto left = static_cast<size_t>(merge.left);
      // Of ranges that overlap, which Excel does not make, the first counts; so a row is filled once at most.
      if (merge.top < number_ || left >= used_ || row.cells[left].kind == Cell::Kind::kEmpty ||
          (left < covers_.size() && covers_[left].bottom >= number_)) {
        continue;
      }
      const auto value = std::make_shared<const Cell>(row.cells[left]);
      const auto end = static_cast<size_t>(std::min(merge.right + 1, context_.limits.columns_max));
      if (covers_.size() < end) covers_.resize(end);
      for (size_t column = left; column < end; ++column) covers_[column] = {merge.bottom, value};
    }
    for (size_t column = 0; column < covers_.size(); ++column) {
      Cover& cover = covers_[column];
      if (cover.value == nullptr) continue;
      if (cover.bottom < number_) {
        cover = {};
        continue;
      }
      Cell* cell = CellAt(static_cast<int>(column));
      if (cell == nullptr || cell->kind != Cell::Kind::kEmpty) continue;
      *cell = *cover.value;
      Count(*cell);
      if (!refused.empty()) return;
    }
  }

  // The row's cell, the ones before it empty; none when it lies beyond the limit.
  Cell* CellAt(int column) {
    if (column >= context_.limits.columns_max) {
      Refuse("too_many_columns");
      return nullptr;
    }
    for (; used_ <= static_cast<size_t>(column); ++used_) {
      if (used_ == row.cells.size()) row.cells.emplace_back();
      Cell& cell = row.cells[used_];
      cell.kind = Cell::Kind::kEmpty;
      AssignText(cell.text, {});
      cell.day = {};
      cell.ms_of_day = 0;
    }
    return &row.cells[static_cast<size_t>(column)];
  }

  static void SetText(Cell& cell, std::string_view text) {
    cell.kind = text.empty() ? Cell::Kind::kEmpty : Cell::Kind::kText;
    AssignText(cell.text, text);
  }

  void Count(const Cell& cell) {
    bytes_ += static_cast<int64_t>(cell.text.size());
    if (bytes_ > context_.limits.record_bytes_max) Refuse("record_too_long");
  }

  void Refuse(std::string_view code) {
    if (refused.empty()) refused = code;
  }

  struct Cover {
    int bottom = 0;  // last row
    std::shared_ptr<const Cell> value;
  };

  const SheetContext& context_;
  const InputFile& file_;
  StringGatherer string_;
  bool in_data_ = false;
  bool in_row_ = false;
  bool in_cell_ = false;
  bool in_value_ = false;
  bool in_formula_ = false;
  bool in_inline_ = false;
  bool has_value_ = false;
  bool has_formula_ = false;
  std::string formula_;
  int number_ = 0;
  size_t used_ = 0;  // cells of `row` that are this row's; the others are left over, for their buffers
  int column_ = -1;
  int64_t bytes_ = 0;
  Type type_ = Type::kNumber;
  int style_ = -1;
  size_t next_merge_ = 0;
  std::vector<Cover> covers_;  // by column
};

class SheetReader final : public TableReader {
 public:
  SheetReader(std::unique_ptr<Archive> archive, SheetContext context, Part part, FileFacts facts)
      : archive_(std::move(archive)),
        context_(std::move(context)),
        handler_(context_, archive_->file()),
        stream_(std::move(part), handler_) {
    facts_ = std::move(facts);
  }

  [[nodiscard]] Result<bool> Next(Row& row) override {
    if (failed_) return *failed_;
    if (finished_) return false;
    const Result<bool> paused = stream_.Run();
    if (!paused.ok()) {
      failed_ = paused.error();
      if (failed_->Arg("row").empty()) failed_->With("row", std::to_string(handler_.number()));
      return *failed_;
    }
    if (!*paused) {
      finished_ = true;
      return false;
    }
    if (!handler_.refused.empty()) {
      const Error refusal = Error(handler_.refused).With("row", handler_.number());
      if (handler_.refused == "record_too_long") failed_ = refusal;
      return refusal;
    }
    std::swap(row, handler_.row);
    return true;
  }

  [[nodiscard]] double progress() const override { return finished_ ? 1.0 : stream_.part().progress(); }

 private:
  std::unique_ptr<Archive> archive_;
  SheetContext context_;
  SheetHandler handler_;
  XmlStream stream_;
  bool finished_ = false;
  std::optional<Error> failed_;
};

// The folder of a part, with its slash, and the name of the part that holds its links.
std::string FolderOf(const std::string& part) { return part.substr(0, part.rfind('/') + 1); }
std::string LinksOf(const std::string& part) {
  return FolderOf(part) + "_rels/" + part.substr(part.rfind('/') + 1) + ".rels";
}

Error NoWorkbook(const Archive& archive) {
  const char* detail = archive.Find("xl/workbook.bin") ? "a binary workbook (.xlsb): save it as .xlsx"
                       : archive.Find("content.xml")   ? "an OpenDocument file: save it as .xlsx"
                                                       : "a ZIP file without a workbook";
  return FileError("file_not_a_table", archive.file(), detail);
}

}  // namespace

FormatKind KindOfFormat(std::string_view code) {
  bool date = false;
  bool time = false;
  bool month_or_minute = false;
  for (size_t i = 0; i < code.size(); ++i) {
    const auto c = static_cast<char>(code[i] >= 'A' && code[i] <= 'Z' ? code[i] | 0x20 : code[i]);
    if (c == '"') {
      i = code.find('"', i + 1);
    } else if (c == '[') {
      const size_t close = code.find(']', i);
      if (close == std::string_view::npos) break;
      // [h], [mm], [ss]: elapsed time. Else a colour, a language, a condition.
      const std::string inside = ToLower(code.substr(i + 1, close - i - 1));
      if (!inside.empty() && inside.find_first_not_of(inside[0]) == std::string::npos &&
          std::string_view("hms").find(inside[0]) != std::string_view::npos) {
        return FormatKind::kDuration;
      }
      i = close;
    } else if (c == '\\' || c == '_' || c == '*') {
      ++i;  // the next character is not a code
    } else if (ToLower(code.substr(i, 7)) == "general") {
      i += 6;
    } else if (ToLower(code.substr(i, 5)) == "am/pm") {
      i += 4;
      time = true;
    } else if (c == 'e') {
      const bool exponent = i + 1 < code.size() && (code[i + 1] == '+' || code[i + 1] == '-');
      date = date || !exponent;  // else the year of an era
    } else if (c == 'y' || c == 'd' || code.substr(i, 3) == "aaa") {
      date = true;
    } else if (c == 'h' || c == 's') {
      time = true;
    } else if (c == 'm') {
      month_or_minute = true;
    }
    if (i >= code.size()) break;
  }
  if (date || (month_or_minute && !time)) return FormatKind::kDate;
  return time ? FormatKind::kTime : FormatKind::kNumber;
}

std::optional<std::string> NumberText(std::string_view written) {
  if (written.starts_with('+')) written.remove_prefix(1);
  const std::string_view unsigned_part = written.starts_with('-') ? written.substr(1) : written;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (unsigned_part.empty() || !(digit(unsigned_part[0]) || unsigned_part[0] == '.')) return std::nullopt;

  // Most are written as wanted: an integer, or few digits without needless zeros.
  const bool zero_first = unsigned_part.size() > 1 && unsigned_part[0] == '0' && unsigned_part[1] != '.';
  if (!zero_first && unsigned_part != "0" && unsigned_part.size() <= 30) {
    const size_t point = std::min(unsigned_part.find('.'), unsigned_part.size());
    const bool plain = std::ranges::all_of(unsigned_part.substr(0, point), digit) && point > 0;
    if (plain && point == unsigned_part.size()) return std::string(written);
    if (plain && point + 1 < unsigned_part.size() && unsigned_part.size() <= 16 && unsigned_part.back() != '0' &&
        std::ranges::all_of(unsigned_part.substr(point + 1), digit)) {
      return std::string(written);
    }
  }

  double value = 0;
  const auto [end, problem] = std::from_chars(written.data(), written.data() + written.size(), value);
  if (problem != std::errc() || end != written.data() + written.size() || !std::isfinite(value)) return std::nullopt;
  if (value == 0) return "0";
  std::array<char, 32> scientific{};  // d.dddddddddddddde±xx
  const auto written_end = std::to_chars(scientific.data(), scientific.data() + scientific.size(), std::abs(value),
                                         std::chars_format::scientific, 14);
  const std::string_view text(scientific.data(), static_cast<size_t>(written_end.ptr - scientific.data()));
  const size_t e = text.find('e');
  int exponent = 0;
  const size_t exponent_at = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + exponent_at, text.data() + text.size(), exponent);
  std::string digits(text.substr(0, 1));
  digits += text.substr(2, e - 2);
  digits.resize(digits.find_last_not_of('0') + 1);

  std::string out = value < 0 ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent < -15 || exponent > 29) {  // a decimal notation would be mostly zeros
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    return out + "e" + std::to_string(exponent);
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0');
  return out + digits.substr(0, static_cast<size_t>(exponent) + 1) + "." +
         digits.substr(static_cast<size_t>(exponent) + 1);
}

Result<std::unique_ptr<TableReader>> XlsxReader::Open(InputFile file, std::string_view sheet,
                                                      const ReadLimits& limits) {
  FileFacts facts;
  facts.format = "xlsx";
  facts.bytes = file.size();
  ASSIGN_OR_RETURN(facts.content, HashContent(file));
  ASSIGN_OR_RETURN(std::unique_ptr<Archive> archive, Archive::Open(std::move(file), limits));

  LinksHandler root("");
  if (archive->Find("_rels/.rels")) RETURN_IF_ERROR(ReadPart(*archive, "_rels/.rels", root));
  std::string workbook_part = root.TargetOf("officeDocument");
  if (!archive->Find(workbook_part)) workbook_part = "xl/workbook.xml";
  if (!archive->Find(workbook_part) || !archive->Find(LinksOf(workbook_part))) return NoWorkbook(*archive);
  LinksHandler links(FolderOf(workbook_part));
  RETURN_IF_ERROR(ReadPart(*archive, LinksOf(workbook_part), links));
  WorkbookHandler workbook;
  RETURN_IF_ERROR(ReadPart(*archive, workbook_part, workbook));

  std::vector<std::string> parts;  // of the worksheets, beside facts.sheets
  for (const auto& [name, id] : workbook.sheets) {
    const auto link = links.links.find(id);
    if (link == links.links.end() || link->second.type != "worksheet") continue;
    facts.sheets.push_back(name);
    parts.push_back(link->second.target);
  }
  if (parts.empty()) return FileError("file_empty", archive->file());

  size_t chosen = parts.size();
  if (sheet.empty()) {
    for (size_t i = 0; i < parts.size() && chosen == parts.size(); ++i) {
      AnyValueHandler any;
      RETURN_IF_ERROR(ReadPart(*archive, parts[i], any));
      if (any.found) chosen = i;
    }
    if (chosen == parts.size()) return FileError("file_empty", archive->file());
  } else {
    const auto find = [&](const auto& matches) {
      return static_cast<size_t>(std::ranges::find_if(facts.sheets, matches) - facts.sheets.begin());
    };
    chosen = find([&](const std::string& name) { return name == sheet; });
    if (chosen == parts.size()) {  // Excel knows names whatever their case
      chosen = find([&](const std::string& name) { return ToLower(Trim(name)) == ToLower(Trim(sheet)); });
    }
    if (chosen == parts.size()) {
      return FileError("unknown_sheet", archive->file())
          .With("name", sheet)
          .With("sheets", std::string_view(Join(facts.sheets, ", ")));
    }
  }
  facts.sheet = facts.sheets[chosen];

  SheetContext context;
  context.limits = limits;
  context.date1904 = workbook.date1904;
  if (const std::string styles_part = links.TargetOf("styles"); archive->Find(styles_part)) {
    StylesHandler styles;
    RETURN_IF_ERROR(ReadPart(*archive, styles_part, styles));
    context.formats = styles.Kinds();
  }
  if (const std::string strings_part = links.TargetOf("sharedStrings"); archive->Find(strings_part)) {
    SharedStringsHandler strings(archive->file(), limits, context.strings);
    RETURN_IF_ERROR(ReadPart(*archive, strings_part, strings));
  }
  ASSIGN_OR_RETURN(Part merges_part, Part::Open(*archive, parts[chosen]));
  ASSIGN_OR_RETURN(context.merges, ReadMerges(std::move(merges_part)));
  ASSIGN_OR_RETURN(Part rows_part, Part::Open(*archive, parts[chosen]));
  return std::unique_ptr<TableReader>(
      new SheetReader(std::move(archive), std::move(context), std::move(rows_part), std::move(facts)));
}

}  // namespace dealpace::exchange
