#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

struct UConverter;

namespace dealpace::exchange {

// The bytes of a regular file, from first to last, as often as wanted. What is appended to the file after it was opened
// is not seen. Movable, not copyable; one thread at a time.
class InputFile {
 public:
  // Fails with file_unreadable: missing, forbidden, a directory, a pipe.
  static Result<InputFile> Open(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  // Reads `size` bytes, fewer only at the end of the file. Fails with file_unreadable, or with file_damaged when the
  // file has become shorter.
  [[nodiscard]] Result<size_t> Read(char* out, size_t size);
  void Seek(int64_t position) { position_ = position; }

  [[nodiscard]] int64_t position() const { return position_; }
  [[nodiscard]] int64_t size() const { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  InputFile(std::string path, int fd, int64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}

  std::string path_;
  int fd_;
  int64_t size_;
  int64_t position_ = 0;
};

// An Error about the file as a whole: its path as "file" and, where there is more to say, a "detail".
[[nodiscard]] Error FileError(std::string_view code, const InputFile& file, std::string_view detail = {});

// A hash of the file's bytes, read in pieces of 1 MiB: that of the only piece, else the pieces' hashes chained.
[[nodiscard]] Result<Hash128> HashContent(InputFile& file);

enum class Encoding { kUtf8, kUtf16Le, kUtf16Be, kGb18030 };
// "UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", letter case aside; nothing for any other name.
[[nodiscard]] std::optional<Encoding> ParseEncoding(std::string_view name);

// What a text file is written in, found by reading all of it.
struct TextFacts {
  Encoding encoding = Encoding::kUtf8;
  int bom_bytes = 0;  // length of the byte order mark that the text begins after
  Hash128 content;    // as of HashContent

  // As in FileFacts::encoding.
  [[nodiscard]] std::string_view Name() const;
};

// Finds the encoding: what the byte order mark says; UTF-16 when there are NUL bytes and the separators tell their
// order; UTF-8 when the whole file is; GB18030 (which includes GBK and GB2312) when the whole file is. A file that
// begins as UTF-8 with a good many Chinese characters and then breaks is a damaged UTF-8 file: read as GB18030 it would
// be gibberish.
//
// Afterwards TextStream decodes the file without errors. Fails with file_empty (nothing but blanks), file_not_a_table
// (NUL or many other control characters), file_damaged (none of the encodings; "row" is the line of the first bad
// byte), file_unreadable.
//
// `forced`: the file is read as that, whatever it looks like; file_damaged where it cannot be ("row" as above).
[[nodiscard]] Result<TextFacts> ExamineText(InputFile& file, std::optional<Encoding> forced = {});

// The text of a file in UTF-8, without its byte order mark, in bounded memory.
class TextStream {
 public:
  // `file` must outlive the stream, which moves its position.
  TextStream(InputFile& file, const TextFacts& facts);
  ~TextStream();

  // Writes the next bytes to `out` and says how many; fewer than `size` (at least 16) says little, 0 is the end.
  // A character may be cut in two between calls. Fails with file_damaged.
  [[nodiscard]] Result<size_t> Read(char* out, size_t size);

 private:
  InputFile& file_;
  struct Closer {
    void operator()(UConverter* converter) const;
  };
  std::unique_ptr<UConverter, Closer> converter_;  // none for UTF-8, which is passed through
  std::vector<char> bytes_;
  const char* source_ = nullptr;  // what the converter has not yet taken of bytes_
  const char* source_end_ = nullptr;
  std::vector<char16_t> units_;
  size_t kept_units_ = 0;  // 1 when the first half of a surrogate pair waits for the second
  bool finished_ = false;
  bool failed_ = false;
};

// text = value, giving back the buffer of `text` where it is far larger than needed: a row that is used again and
// again must not keep the memory of the longest cell of every column.
void AssignText(std::string& text, std::string_view value);

}  // namespace dealpace::exchange
