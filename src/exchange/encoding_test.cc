#include "exchange/encoding.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace dealpace::exchange {
namespace {

// A file that is gone after the test.
class TempFile {
 public:
  explicit TempFile(std::string_view bytes)
      : path_(testing::TempDir() + "dealpace_encoding_" + std::to_string(getpid()) + ".txt") {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TempFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// "UTF-8: text", or the error: "file_damaged row 3".
std::string Decode(std::string_view bytes, std::optional<Encoding> forced = {}) {
  const TempFile temp(bytes);
  Result<InputFile> file = InputFile::Open(temp.path());
  EXPECT_TRUE(file.ok());
  const Result<TextFacts> facts = ExamineText(*file, forced);
  if (!facts.ok()) {
    const std::string_view row = facts.error().Arg("row");
    return facts.error().code + (row.empty() ? "" : " row " + std::string(row));
  }
  TextStream stream(*file, *facts);
  std::string text;
  std::array<char, 100> piece{};
  while (true) {
    const Result<size_t> read = stream.Read(piece.data(), piece.size());
    if (!read.ok()) return read.error().code;
    if (*read == 0) break;
    text.append(piece.data(), *read);
  }
  return std::string(facts->Name()) + ": " + text;
}

// ASCII and CJK text, given as UTF-16 code units.
std::string Utf16(std::u16string_view text, bool little) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    bytes += little ? low : high;
    bytes += little ? high : low;
  }
  return bytes;
}

// 门店,销量 in GB18030.
constexpr std::string_view kStoreGbk = "\xC3\xC5\xB5\xEA,\xCF\xFA\xC1\xBF\n";

TEST(Encoding, AsciiOfAFewBytesIsUtf8) { EXPECT_EQ(Decode("a,b\n"), "UTF-8: a,b\n"); }

TEST(Encoding, Utf8IsPassedThroughAndItsMarkIsDropped) {
  EXPECT_EQ(Decode("门店,销量 🚗 é\n"), "UTF-8: 门店,销量 🚗 é\n");
  EXPECT_EQ(Decode("\xEF\xBB\xBF门店\n"), "UTF-8 BOM: 门店\n");
}

TEST(Encoding, TheChosenOneIsTakenWhateverTheTextLooksLike) {
  EXPECT_EQ(Decode("\xD0\xA1\n"), "UTF-8: С\n");
  EXPECT_EQ(Decode("\xD0\xA1\n", Encoding::kGb18030), "GB18030: 小\n");
  EXPECT_EQ(Decode(Utf16(u"门店\n", false), Encoding::kUtf16Be), "UTF-16BE: 门店\n");
  EXPECT_EQ(Decode("\xFE\xFF" + Utf16(u"门店\n", false), Encoding::kUtf16Be), "UTF-16BE: 门店\n");
  EXPECT_EQ(Decode("\xEF\xBB\xBF门店\n", Encoding::kUtf8), "UTF-8 BOM: 门店\n");
  EXPECT_EQ(Decode("a\n\xD0\xA1\n\xB5\xEA\n", Encoding::kUtf8), "file_damaged row 3");
  EXPECT_EQ(Decode("a\n\xFF\xFF\n", Encoding::kGb18030), "file_damaged row 2");
  // NUL bytes belong to no text of single bytes, well-formed or not.
  EXPECT_EQ(Decode(Utf16(u"a,b\n", true), Encoding::kUtf8), "file_not_a_table");
  EXPECT_EQ(Decode(Utf16(u"a,b\n", true), Encoding::kGb18030), "file_not_a_table");
  EXPECT_EQ(Decode("abc", Encoding::kUtf16Le), "file_damaged row 1") << "half a character at the end";
  EXPECT_EQ(Decode(" \n", Encoding::kUtf8), "file_empty");
  EXPECT_EQ(ParseEncoding("gb18030"), Encoding::kGb18030);
  EXPECT_EQ(ParseEncoding("GBK"), std::nullopt);
}

TEST(Encoding, Utf16WithMark) {
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(u"门店,a\r\n", true)), "UTF-16LE: 门店,a\r\n");
  EXPECT_EQ(Decode("\xFE\xFF" + Utf16(u"门店,a\r\n", false)), "UTF-16BE: 门店,a\r\n");
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(u"🚗\n", true)), "UTF-16LE: 🚗\n");
}

TEST(Encoding, Utf16WithoutMarkIsKnownByItsAsciiCharacters) {
  EXPECT_EQ(Decode(Utf16(u"门店,销量\n一,1\n", true)), "UTF-16LE: 门店,销量\n一,1\n");
  EXPECT_EQ(Decode(Utf16(u"门店,销量\n一,1\n", false)), "UTF-16BE: 门店,销量\n一,1\n");
  // 一 is U+4E00: its own NUL byte stands on the other side.
  EXPECT_EQ(Decode(Utf16(u"一一一,一一\n", true)), "UTF-16LE: 一一一,一一\n");
}

TEST(Encoding, BrokenUtf16IsDamaged) {
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(u"a\nb\n", true) + "x"), "file_damaged row 3");
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(u"a\n", true) + std::string("\x00\xD8", 2) + Utf16(u"b\n", true)),
            "file_damaged row 2");
}

TEST(Encoding, Gb18030) {
  EXPECT_EQ(Decode(kStoreGbk), "GB18030: 门店,销量\n");
  EXPECT_EQ(Decode("\x95\x32\x82\x36,a\n"), "GB18030: 𠀀,a\n");  // four bytes
  EXPECT_EQ(Decode("\x84\x31\x95\x33" + std::string(kStoreGbk)), "GB18030: 门店,销量\n");
}

TEST(Encoding, Gb18030KnownOnlyByALateLine) {
  std::string bytes;
  while (bytes.size() < (3 << 20)) bytes += "plain,ascii,line\n";
  const std::string decoded = Decode(bytes + std::string(kStoreGbk));
  EXPECT_TRUE(decoded.starts_with("GB18030: plain"));
  EXPECT_TRUE(decoded.ends_with("\n门店,销量\n"));
}

TEST(Encoding, CharactersCutByTheReadersPiecesAreWhole) {
  std::string utf8 = "a";
  std::string gbk = "a";
  for (int i = 0; i < 700'000; ++i) {
    utf8 += "店";
    gbk += "\xB5\xEA";
  }
  EXPECT_EQ(Decode(utf8), "UTF-8: " + utf8);
  EXPECT_EQ(Decode(gbk), "GB18030: " + utf8);
}

TEST(Encoding, MalformedTextIsDamagedWithTheLine) {
  EXPECT_EQ(Decode("a\nb\ncaf\xE9,x\n"), "file_damaged row 3");  // Latin-1
  EXPECT_EQ(Decode("\xEF\xBB\xBF"
                   "a\n\xC3\xC5\xB5\xEA\n"),
            "file_damaged row 2");  // the mark says UTF-8
  // As GB18030 this would be read, as gibberish.
  EXPECT_EQ(Decode("门店,销量,客户,线索\n门店,销量\n\xE5\xBA\xE5\xBA\n"), "file_damaged row 3");
  EXPECT_EQ(Decode("门店,销量,客户,线索,成交\n\xE5\xBA"), "file_damaged row 2");  // cut off
}

TEST(Encoding, OverlongFormsAndSurrogatesAreNotUtf8) {
  EXPECT_NE(Decode("\xC0\xAF\n").substr(0, 5), "UTF-8");
  EXPECT_NE(Decode("\xE0\x80\xAF\n").substr(0, 5), "UTF-8");
  EXPECT_NE(Decode("\xED\xA0\x80\n").substr(0, 5), "UTF-8");
  EXPECT_NE(Decode("\xF4\x90\x80\x80\n").substr(0, 5), "UTF-8");
}

TEST(Encoding, BinaryIsNoTable) {
  EXPECT_EQ(Decode(std::string("\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16)), "file_not_a_table");
  EXPECT_EQ(Decode(std::string("a,b\n\0\0", 6)), "file_not_a_table");
  EXPECT_EQ(Decode("a\x01\x02\x03\x04,\n"), "file_not_a_table");
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(std::u16string_view(u"a\0b", 3), true)), "file_not_a_table");
}

TEST(Encoding, AStrayControlCharacterIsNoReasonToRefuse) {
  EXPECT_EQ(Decode("a\x0B" + std::string(200, 'b')), "UTF-8: a\x0B" + std::string(200, 'b'));
}

TEST(Encoding, BlankFilesAreEmpty) {
  EXPECT_EQ(Decode(""), "file_empty");
  EXPECT_EQ(Decode(" \r\n\t\n"), "file_empty");
  EXPECT_EQ(Decode("\xEF\xBB\xBF"), "file_empty");
  EXPECT_EQ(Decode("\xFF\xFE"), "file_empty");
  EXPECT_EQ(Decode("　　\n"), "file_empty");
}

TEST(InputFile, OnlyRegularFilesAreRead) {
  EXPECT_EQ(InputFile::Open("/nonexistent/file.csv").error().code, "file_unreadable");
  EXPECT_EQ(InputFile::Open(testing::TempDir()).error().code, "file_unreadable");
}

TEST(InputFile, TheContentHashTellsFilesApart) {
  const auto hash = [](std::string_view bytes) {
    const TempFile temp(bytes);
    Result<InputFile> file = InputFile::Open(temp.path());
    const Hash128 content = *HashContent(*file);
    if (!bytes.empty()) {
      EXPECT_EQ(ExamineText(*file)->content, content);
    }
    return content;
  };
  EXPECT_EQ(hash("a,b\n"), HashText("a,b\n"));
  const std::string megabyte(1 << 20, 'a');
  EXPECT_EQ(hash(megabyte), HashText(megabyte));
  EXPECT_NE(hash(megabyte + "a"), hash(megabyte + "b"));
  EXPECT_NE(hash(megabyte + "a"), hash("a" + megabyte + "b"));
}

TEST(AssignText, GivesALargeBufferBack) {
  std::string text(1 << 20, 'a');
  AssignText(text, "short");
  EXPECT_EQ(text, "short");
  EXPECT_LT(text.capacity(), 100u);
}

}  // namespace
}  // namespace dealpace::exchange
