#include "access/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "access/testing.h"

namespace dealpace::access {
namespace {

const std::string kZeros(64, '0');
const std::string kFs(64, 'f');

class KeyFileTest : public testing::Test {
 protected:
  void Write(const std::string& text) {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), 0600);
  }
  std::string Text() {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  [[nodiscard]] size_t FilesBeside() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

  TestFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "dealpace.keys";
};

TEST_F(KeyFileTest, WhatIsMadeIsReadAgain) {
  const auto made = KeyFile::Make(path_);
  ASSERT_EQ(Code(made), "");
  const auto read = KeyFile::Read(path_);
  ASSERT_EQ(Code(read), "");
  EXPECT_EQ(made->audit(), read->audit());
  EXPECT_EQ(made->index("phone.full"), read->index("phone.full"));
  EXPECT_EQ(*made->master(1), *read->master(1));
  EXPECT_EQ(read->newest_master(), 1);
  EXPECT_EQ(read->master(2), nullptr);
  // Each key is another.
  EXPECT_NE(made->audit(), *made->master(1));
  EXPECT_NE(made->index("phone.full"), made->index("phone.last4"));
}

TEST_F(KeyFileTest, OnlyItsOwnerMayReadIt) {
  ASSERT_EQ(Code(KeyFile::Make(path_)), "");
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    chmod(path_.c_str(), mode);
    EXPECT_EQ(Code(KeyFile::Read(path_)), "key_file_open") << std::oct << mode;
  }
  chmod(path_.c_str(), 0400);
  EXPECT_EQ(Code(KeyFile::Read(path_)), "");
}

TEST_F(KeyFileTest, AnExistingOneIsNeverOverwritten) {
  ASSERT_EQ(Code(KeyFile::Make(path_)), "");
  const std::string before = Text();
  EXPECT_EQ(Code(KeyFile::Make(path_)), "key_file_exists");
  EXPECT_EQ(Text(), before);
  EXPECT_EQ(FilesBeside(), 1U);
  EXPECT_EQ(Code(KeyFile::Make(folder_.path() / "none" / "dealpace.keys")), "storage_failed");
}

TEST_F(KeyFileTest, MastersAreAddedAndDropped) {
  auto keys = KeyFile::Make(path_);
  ASSERT_EQ(Code(keys), "");
  const Key first = *keys->master(1);
  ASSERT_EQ(Code(keys->AddMaster()), "");
  auto read = KeyFile::Read(path_);
  ASSERT_EQ(Code(read), "");
  EXPECT_EQ(read->newest_master(), 2);
  EXPECT_EQ(*read->master(1), first);
  EXPECT_NE(*read->master(2), first);
  EXPECT_EQ(*read->master(2), *keys->master(2));
  ASSERT_EQ(Code(keys->DropOldMasters()), "");
  read = KeyFile::Read(path_);
  ASSERT_EQ(Code(read), "");
  EXPECT_EQ(read->master(1), nullptr);
  EXPECT_EQ(*read->master(2), *keys->master(2));
  EXPECT_EQ(read->audit(), keys->audit());
  EXPECT_EQ(FilesBeside(), 1U);
}

TEST_F(KeyFileTest, WhatCannotBeWrittenChangesNothing) {
  auto keys = KeyFile::Make(path_);
  ASSERT_EQ(Code(keys), "");
  std::filesystem::remove_all(folder_.path());
  EXPECT_EQ(Code(keys->AddMaster()), "storage_failed");
  EXPECT_EQ(keys->newest_master(), 1);
}

TEST_F(KeyFileTest, CommentsBlankLinesAndTheOrderDoNotMatter) {
  Write("# keys\r\n\nmaster 7 " + kZeros + "\r\naudit " + kFs + "\nindex  " + kZeros);
  const auto read = KeyFile::Read(path_);
  ASSERT_EQ(Code(read), "");
  EXPECT_EQ(read->newest_master(), 7);
  EXPECT_EQ(read->audit()[31], 0xFF);
}

TEST_F(KeyFileTest, ADamagedOneIsRefusedWithItsLine) {
  EXPECT_EQ(Code(KeyFile::Read(path_)), "key_file_missing");
  EXPECT_EQ(Code(KeyFile::Read(folder_.path())), "key_file_bad");
  const std::string good = "index " + kZeros + "\naudit " + kFs + "\n";
  for (const std::string& third : {"master 1 " + kZeros.substr(1), "master 1 " + kZeros + "0", "master 0 " + kZeros,
                                   "master one " + kZeros, "master 1" + kZeros, "master 1 g" + kZeros.substr(1),
                                   "index " + kZeros, std::string("words"), "key " + kZeros}) {
    Write(good + third + "\n");
    const auto read = KeyFile::Read(path_);
    EXPECT_EQ(Code(read), "key_file_bad") << third;
    if (read.ok()) continue;
    EXPECT_EQ(read.error().Arg("line"), "3") << third;
  }
  Write(good + "master 1 " + kZeros + "\nmaster 1 " + kFs + "\n");
  EXPECT_EQ(Code(KeyFile::Read(path_)), "key_file_bad");
  Write(good);
  EXPECT_EQ(Code(KeyFile::Read(path_)), "key_file_bad");
  Write("");
  EXPECT_EQ(Code(KeyFile::Read(path_)), "key_file_bad");
  Write(std::string(100'000, '#'));
  EXPECT_EQ(Code(KeyFile::Read(path_)), "key_file_bad");
}

}  // namespace
}  // namespace dealpace::access
