#include "catalog/document_cipher.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "catalog/sqlite_store.h"

namespace sluice::catalog {
namespace {

const std::string kFirst(64, 'a'), kSecond(64, '7');
constexpr const char* kSecret = "sdk-5ec2e700-0000-4000-8000-000000000001";

DocumentCipher cipher(const std::string& text) {
  auto parsed = DocumentCipher::parse(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return parsed ? std::move(*parsed) : DocumentCipher();
}

TEST(DocumentCipher, gives_back_what_it_sealed_and_never_seals_twice_alike) {
  const DocumentCipher sealing = cipher(kFirst);
  for (const std::string& text : {std::string("{}"), std::string(), std::string(100'000, 'x')}) {
    const std::string sealed = sealing.seal("1/a", text);
    EXPECT_TRUE(sealed.starts_with("enc1:"));
    EXPECT_NE(sealed, sealing.seal("1/a", text));
    EXPECT_EQ(sealing.open("1/a", sealed).value(), text);
    EXPECT_TRUE(sealing.is_current(sealed));
  }
  EXPECT_EQ(sealing.open("1/a", "{\"plain\":1}").value(), "{\"plain\":1}");
  EXPECT_FALSE(sealing.is_current("{}"));
}

TEST(DocumentCipher, refuses_what_was_changed_anywhere_or_put_in_anothers_place) {
  const DocumentCipher sealing = cipher(kFirst);
  const std::string sealed = sealing.seal("1/a", R"({"sdk_keys":["x"]})");
  EXPECT_FALSE(sealing.open("1/b", sealed));
  for (std::size_t i = 5; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(sealing.open("1/a", changed)) << i;
    EXPECT_FALSE(sealing.open("1/a", sealed.substr(0, i))) << i;
  }
}

TEST(DocumentCipher, says_what_is_no_key_without_showing_it) {
  EXPECT_TRUE(cipher("# old and new\n" + kFirst + "\n\n " + kSecond + " # kept until October\n").seals());
  EXPECT_FALSE(cipher("plain, " + kFirst).seals());
  for (const std::string& text : {std::string(), std::string("# nothing"), std::string("plain"), kFirst.substr(1),
                                  std::string(64, 'g'), kFirst + " plain"}) {
    const auto refused = DocumentCipher::parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message.find("64 hex digits"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("ggg"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("aaa"), std::string::npos);
  }
}

class SealedStoreTest : public testing::Test {
 protected:
  SealedStoreTest()
      : folder_(testing::TempDir() + "sealed-" + testing::UnitTest::GetInstance()->current_test_info()->name()),
        path_(folder_ + "/catalog.db") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~SealedStoreTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<CatalogStore> open(DocumentCipher with) const {
    auto opened = open_sqlite_store(path_, std::move(with));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  static void put(CatalogStore& store, int index) {
    const std::string id = "environment " + std::to_string(index);
    const std::string json = R"({"key":")" + std::string(kSecret) + "\"}";
    ASSERT_TRUE(store.commit({{{DocumentKind::environment, id, 0, json}, 0, false}},
                             {id, index, "{}", "createEnvironment", "t", "made", "", "", ""}));
  }
  static bool is_whole(CatalogStore& store, std::size_t documents) {
    const auto all = store.list(DocumentKind::environment);
    if (!all || all->size() != documents) return false;
    for (const Document& document : *all)
      if (document.json.find(kSecret) == std::string::npos) return false;
    return true;
  }
  // In any file of the catalog: the database, its log, a copy.
  bool secret_is_on_disk() const {
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      std::ifstream in(file.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), {});
      if (bytes.find(kSecret) != std::string::npos) return true;
    }
    return false;
  }

  const std::string folder_, path_;
};

TEST_F(SealedStoreTest, with_a_key_no_secret_is_in_the_file_its_log_or_a_backup) {
  auto store = open(cipher(kFirst));
  for (int i = 0; i < 50; ++i) put(*store, i);
  ASSERT_TRUE(store->backup(folder_ + "/copy.db"));
  EXPECT_FALSE(secret_is_on_disk());
  EXPECT_TRUE(is_whole(*store, 50));
  store.reset();
  EXPECT_FALSE(open_sqlite_store(folder_ + "/copy.db"));
  auto copy = open_sqlite_store(folder_ + "/copy.db", cipher(kFirst));
  ASSERT_TRUE(copy);
  EXPECT_TRUE(is_whole(**copy, 50));
}

TEST_F(SealedStoreTest, an_existing_catalog_is_encrypted_rotated_and_decrypted_at_the_start_that_asks_for_it) {
  {
    auto plain = open({});
    for (int i = 0; i < 200; ++i) put(*plain, i);
    // What was deleted before encryption was switched on must go, too.
    put(*plain, 1000);
    ASSERT_TRUE(plain->commit({{{DocumentKind::environment, "environment 1000", 0, ""}, 1, true}},
                              {"gone", 1, "{}", "deleteEnvironment", "t", "deleted", "", "", ""}));
  }
  EXPECT_TRUE(secret_is_on_disk());
  EXPECT_TRUE(is_whole(*open(cipher(kFirst)), 200));
  EXPECT_FALSE(secret_is_on_disk());
  EXPECT_TRUE(is_whole(*open(cipher(kSecond + "\n" + kFirst)), 200));
  EXPECT_FALSE(open_sqlite_store(path_, cipher(kFirst))) << "the old key opens nothing any more";
  EXPECT_TRUE(is_whole(*open(cipher("plain " + kSecond)), 200));
  EXPECT_TRUE(is_whole(*open({}), 200));
}

TEST_F(SealedStoreTest, a_wrong_key_or_none_is_refused_and_changes_nothing) {
  put(*open(cipher(kFirst)), 1);
  for (const DocumentCipher& wrong : {DocumentCipher(), cipher(kSecond), cipher("plain " + kSecond)}) {
    const auto refused = open_sqlite_store(path_, wrong);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("encrypted under the key"), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("catalog.key_file"), std::string::npos);
  }
  EXPECT_TRUE(is_whole(*open(cipher(kFirst)), 1));
}

TEST_F(SealedStoreTest, killed_while_it_encrypts_or_rotates_it_stays_whole) {
  constexpr int kDocuments = 2000;
  {
    auto plain = open({});
    std::vector<DocumentChange> changes;
    for (int i = 0; i < kDocuments; ++i)
      changes.push_back({{DocumentKind::environment, "environment " + std::to_string(i), 0,
                          R"({"key":")" + std::string(kSecret) + "\"}"},
                         0,
                         false});
    ASSERT_TRUE(plain->commit(changes, {"all", 1, "{}", "import", "t", "made", "", "", ""}));
  }
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string keys;
  int killed = 0;
  for (int round = 0; round < 20; ++round) {
    std::string next(64, '0');
    for (char& c : next) c = "0123456789abcdef"[random() % 16];
    keys = next + "\n" + keys;  // all earlier ones stay: which of them was the last to be taken up is not known
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(open_sqlite_store(path_, *DocumentCipher::parse(keys)) ? 0 : 1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 40'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    if (WIFSIGNALED(status)) ++killed;
  }
  EXPECT_GT(killed, 0);
  EXPECT_TRUE(is_whole(*open(cipher(keys)), kDocuments));
  EXPECT_FALSE(secret_is_on_disk());
}

}  // namespace
}  // namespace sluice::catalog
