#include "attachments/content.h"

#include <gtest/gtest.h>

#include "attachments/testing.h"

namespace dealpace::attachments {
namespace {

std::string TypeOf(std::string_view bytes) {
  const auto type = ContentTypeOf(bytes);
  return type.ok() ? std::string((*type)->id) : type.error().code;
}

std::string NameOf(std::string_view name, std::string_view type) {
  const auto clean = CleanName(name, *FindContentType(type));
  return clean.ok() ? *clean : clean.error().code;
}

TEST(ContentType, IsToldByTheBytes) {
  EXPECT_EQ(TypeOf(TestJpeg()), "jpeg");
  EXPECT_EQ(TypeOf("\x89PNG\r\n\x1A\n...."), "png");
  EXPECT_EQ(TypeOf("RIFF....WEBPVP8 "), "webp");
  EXPECT_EQ(TypeOf("RIFF....WAVEfmt "), "text") << "what is no picture counts as what it is";
  EXPECT_EQ(TypeOf(std::string("\0\0\0\x18"
                               "ftypheic....",
                               16)),
            "heic");
  EXPECT_EQ(TypeOf(std::string("\0\0\0\x18"
                               "ftypmp42....",
                               16)),
            "attachment_kind_unknown");
  EXPECT_EQ(TypeOf("%PDF-1.7\n"), "pdf");
  EXPECT_EQ(TypeOf(TestZip({{"[Content_Types].xml", "x"}, {"xl/workbook.xml", "y"}})), "xlsx");
  EXPECT_EQ(TypeOf(TestZip({{"[Content_Types].xml", "x"}, {"word/document.xml", "y"}})), "docx");
  EXPECT_EQ(TypeOf("谢谢您的光临\r\n王小明"), "text");
  EXPECT_EQ(TypeOf("\xD0\xBB\xD0\xBB\xC4\xE3"), "text_gb") << "谢谢你 in GB18030";
}

TEST(ContentType, RefusesWhatCanRun) {
  EXPECT_EQ(TypeOf(std::string("MZ\x90\0\x03", 5)), "attachment_unsafe");
  EXPECT_EQ(TypeOf(std::string("\x7f"
                               "ELF\x02\x01",
                               6)),
            "attachment_unsafe");
  EXPECT_EQ(TypeOf("#!/bin/sh\nrm -rf /"), "attachment_unsafe");
  for (const char* page : {"<!DOCTYPE html><p>", "\xEF\xBB\xBF \n<HTML>", "<svg xmlns='…'>",
                           "<?xml version='1.0'?><svg/>", "<!-- --><b>", "hello <ScRiPt>alert(1)</script>"}) {
    EXPECT_EQ(TypeOf(page), "attachment_unsafe") << page;
  }
  EXPECT_EQ(TypeOf(TestZip({{"[Content_Types].xml", "x"}, {"xl/workbook.xml", "y"}, {"xl/vbaProject.bin", "z"}})),
            "attachment_unsafe");
}

TEST(ContentType, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(TypeOf(TestZip({{"a.exe", "MZ"}})), "attachment_kind_unknown");
  EXPECT_EQ(TypeOf("PK\x03\x04 and nothing else"), "attachment_kind_unknown");
  EXPECT_EQ(TypeOf("GIF89a\x01"), "attachment_kind_unknown");
  EXPECT_EQ(TypeOf(std::string("a\0b", 3)), "attachment_kind_unknown");
  EXPECT_EQ(TypeOf("\xFF\xFE"
                   "a"),
            "attachment_kind_unknown");
  // A directory that points beyond the end, or into itself.
  std::string zip = TestZip({{"[Content_Types].xml", "x"}, {"xl/workbook.xml", "y"}});
  for (const size_t at : {zip.size() - 6, zip.size() - 5, zip.size() - 12}) {
    std::string bent = zip;
    bent[at] = '\xFE';
    EXPECT_EQ(TypeOf(bent), "attachment_kind_unknown") << at;
  }
  for (size_t length = 4; length < zip.size(); ++length) {
    EXPECT_EQ(TypeOf(zip.substr(0, length)), "attachment_kind_unknown") << length;
  }
}

TEST(CleanName, EndsAsTheContentDoes) {
  EXPECT_EQ(NameOf("驾驶证.JPG", "jpeg"), "驾驶证.JPG");
  EXPECT_EQ(NameOf("photo.exe", "jpeg"), "photo.exe.jpg");
  EXPECT_EQ(NameOf("C:\\Users\\li\\合同.pdf", "pdf"), "合同.pdf");
  EXPECT_EQ(NameOf("../../etc/passwd", "text"), "passwd.txt");
  EXPECT_EQ(NameOf("list.csv", "text"), "list.csv");
  EXPECT_EQ(NameOf("run.bat", "text"), "run.bat.txt");
  EXPECT_EQ(NameOf(".pdf", "pdf"), ".pdf.pdf");
  EXPECT_EQ(NameOf(" .. ", "pdf"), "field_missing");
  EXPECT_EQ(NameOf("a\nb", "pdf"), "field_control_character");
  EXPECT_EQ(NameOf("a\xFF", "pdf"), "text_not_utf8");
  EXPECT_EQ(NameOf(std::string(196, 'a'), "pdf"), std::string(196, 'a') + ".pdf");
  EXPECT_EQ(NameOf(std::string(197, 'a'), "pdf"), "field_too_long");
}

}  // namespace
}  // namespace dealpace::attachments
