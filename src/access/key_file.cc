#include "access/key_file.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <tuple>

#include "access/files.h"
#include "access/secrets.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

constexpr size_t kFileBytesMax = 64 << 10;

Key NewKey() {
  Key key{};
  randombytes_buf(key.data(), key.size());
  return key;
}

bool ParseKey(std::string_view hex, Key& key) {
  size_t bytes = 0;
  const char* end = nullptr;
  return hex.size() == key.size() * 2 &&
         sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, &bytes, &end) == 0 &&
         bytes == key.size() && end == hex.data() + hex.size();
}

void AppendKey(std::string& text, std::string_view name, const Key& key) {
  std::array<char, std::tuple_size_v<Key> * 2 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
  text.append(name).append(" ").append(hex.data()).append("\n");
  sodium_memzero(hex.data(), hex.size());
}

// Wipes a text at the end of a scope.
struct Wiping {
  std::string& text;
  ~Wiping() { Wipe(text); }
};

}  // namespace

void Wipe(Key& key) { sodium_memzero(key.data(), key.size()); }

void Wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

KeyFile::~KeyFile() {
  Wipe(index_);
  Wipe(audit_);
  for (auto& [number, key] : masters_) Wipe(key);
}

Result<KeyFile> KeyFile::Read(const std::filesystem::path& path) {
  StartSodium();
  const Descriptor file(path, O_RDONLY);
  if (!file.ok()) {
    if (errno == ENOENT || errno == ENOTDIR) return Error("key_file_missing").With("path", path.string());
    return FileError(errno, path);
  }
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return FileError(errno, path);
  if (!S_ISREG(status.st_mode)) return Error("key_file_bad").With("path", path.string());
  if ((status.st_mode & 077) != 0) return Error("key_file_open").With("path", path.string());
  if (status.st_size < 0 || static_cast<size_t>(status.st_size) > kFileBytesMax) {
    return Error("key_file_bad").With("path", path.string());
  }
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const Wiping wiping{text};
  size_t got = 0;
  while (got < text.size()) {
    const ssize_t bytes = read(file.get(), text.data() + got, text.size() - got);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return FileError(errno, path);
    if (bytes == 0) break;
    got += static_cast<size_t>(bytes);
  }
  KeyFile keys;
  keys.path_ = path;
  RETURN_IF_ERROR(keys.Parse(std::string_view(text).substr(0, got)));
  return keys;
}

Status KeyFile::Parse(std::string_view text) {
  bool has_index = false;
  bool has_audit = false;
  int line_number = 0;
  const auto bad = [&] { return Error("key_file_bad").With("path", path_.string()).With("line", line_number); };
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++line_number;
    if (line.empty() || line.starts_with('#')) continue;
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return bad();
    const std::string_view name = line.substr(0, blank);
    std::string_view rest = Trim(line.substr(blank));
    if (name == "index" && !has_index) {
      if (!ParseKey(rest, index_)) return bad();
      has_index = true;
    } else if (name == "audit" && !has_audit) {
      if (!ParseKey(rest, audit_)) return bad();
      has_audit = true;
    } else if (name == "master") {
      int number = 0;
      const auto [after, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
      if (problem != std::errc() || number <= 0 || masters_.contains(number)) return bad();
      rest.remove_prefix(static_cast<size_t>(after - rest.data()));
      if (!rest.starts_with(' ') || !ParseKey(Trim(rest), masters_[number])) return bad();
    } else {
      return bad();
    }
  }
  if (!has_index || !has_audit || masters_.empty()) return Error("key_file_bad").With("path", path_.string());
  return {};
}

Result<KeyFile> KeyFile::Make(const std::filesystem::path& path) {
  StartSodium();
  KeyFile keys;
  keys.path_ = path;
  keys.index_ = NewKey();
  keys.audit_ = NewKey();
  keys.masters_[1] = NewKey();
  std::string text = keys.Text();
  const Wiping wiping{text};
  ASSIGN_OR_RETURN(const bool put, PutFile(path, text, Existing::kKeep));
  if (!put) return Error("key_file_exists").With("path", path.string());
  return keys;
}

Status KeyFile::AddMaster() {
  std::map<int, Key> masters = masters_;
  masters[newest_master() + 1] = NewKey();
  return Replace(std::move(masters));
}

Status KeyFile::ReadMastersAgain() {
  ASSIGN_OR_RETURN(KeyFile now, Read(path_));
  if (now.index_ != index_ || now.audit_ != audit_) return Error("key_file_wrong").With("path", path_.string());
  masters_.swap(now.masters_);
  return {};
}

Status KeyFile::DropOldMasters() { return Replace({*masters_.rbegin()}); }

Status KeyFile::Replace(std::map<int, Key> masters) {
  masters_.swap(masters);
  std::string text = Text();
  const Wiping wiping{text};
  const auto put = PutFile(path_, text, Existing::kReplace);
  if (!put.ok()) masters_.swap(masters);
  for (auto& [number, key] : masters) Wipe(key);
  return put.ok() ? Status() : put.error();
}

std::string KeyFile::Text() const {
  std::string text;
  text.reserve(kFileBytesMax);  // no copies left behind by growing
  text +=
      "# The keys of Dealpace. Without this file the personal data in the database cannot be read. Keep a copy in a\n"
      "# safe place, apart from the backups of the database.\n";
  AppendKey(text, "index", index_);
  AppendKey(text, "audit", audit_);
  for (const auto& [number, key] : masters_) AppendKey(text, "master " + std::to_string(number), key);
  return text;
}

const Key* KeyFile::master(int number) const {
  const auto found = masters_.find(number);
  return found == masters_.end() ? nullptr : &found->second;
}

Key KeyFile::index(std::string_view name) const { return IndexKeyOf(index_, name); }

Key IndexKeyOf(const Key& key, std::string_view name) {
  Key of{};
  crypto_generichash(of.data(), of.size(), reinterpret_cast<const unsigned char*>(name.data()), name.size(), key.data(),
                     key.size());
  return of;
}

}  // namespace dealpace::access
