#include "catalog/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sluice::catalog {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest()
      : folder_(testing::TempDir() + "store-" + testing::UnitTest::GetInstance()->current_test_info()->name()),
        path_(folder_ + "/catalog.db") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open();
  }
  ~SqliteStoreTest() override { std::filesystem::remove_all(folder_); }

  void open() {
    store_.reset();
    auto opened = open_sqlite_store(path_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  static AuditEntry entry(const std::string& id, std::int64_t at_ms = 1) {
    return {id, at_ms, "{}", "updateName", "proj/web", "anna did " + id, "", "", ""};
  }
  StoreResult<void> put(const std::string& id, std::uint64_t expected, const std::string& json) {
    return store_->commit({{{DocumentKind::project, id, 0, json}, expected, false}}, entry(std::to_string(++entries_)));
  }

  const std::string folder_, path_;
  std::unique_ptr<CatalogStore> store_;
  int entries_ = 0;
};

TEST_F(SqliteStoreTest, what_was_committed_is_there_after_a_restart) {
  ASSERT_TRUE(put("a", 0, R"({"key":"web"})"));
  ASSERT_TRUE(put("a", 1, R"({"key":"shop"})"));
  open();
  const auto all = store_->list(DocumentKind::project);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ((*all)[0].json, R"({"key":"shop"})");
  EXPECT_EQ((*all)[0].revision, 2u);
  EXPECT_TRUE(store_->list(DocumentKind::token)->empty());
}

// Of a process that was killed: the log stays beside the catalog, and somebody takes the catalog away alone.
TEST_F(SqliteStoreTest, a_new_catalog_takes_nothing_from_the_log_of_one_that_is_gone) {
  ASSERT_TRUE(put("a", 0, R"({"key":"web"})"));
  const std::string elsewhere = folder_ + "/log";
  std::filesystem::copy_file(path_ + "-wal", elsewhere);
  store_.reset();
  std::filesystem::remove(path_);
  std::filesystem::rename(elsewhere, path_ + "-wal");
  open();
  EXPECT_TRUE(store_->list(DocumentKind::project)->empty());
  EXPECT_TRUE(std::filesystem::exists(path_ + "-wal.orphan")) << "nothing is deleted";
}

TEST_F(SqliteStoreTest, a_catalog_that_was_removed_while_it_is_open_takes_no_change) {
  ASSERT_TRUE(put("a", 0, R"({"key":"web"})"));
  std::filesystem::rename(path_, path_ + ".elsewhere");
  const auto refused = put("b", 0, R"({"key":"shop"})");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("was removed or replaced"), std::string::npos) << refused.error().message;
  std::filesystem::rename(path_ + ".elsewhere", path_);
  EXPECT_TRUE(put("b", 0, R"({"key":"shop"})"));
}

TEST_F(SqliteStoreTest, a_stale_revision_is_a_conflict_and_changes_nothing) {
  ASSERT_TRUE(put("a", 0, "{}"));
  for (const auto& [id, expected] : std::vector<std::pair<std::string, std::uint64_t>>{{"a", 0}, {"a", 2}, {"b", 1}}) {
    const auto refused = put(id, expected, R"({"changed":true})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, StoreFault::conflict);
  }
  EXPECT_EQ((*store_->list(DocumentKind::project))[0].json, "{}");
  EXPECT_EQ(store_->audit({})->size(), 1u);
}

TEST_F(SqliteStoreTest, changes_are_made_together_or_not_at_all) {
  const auto refused = store_->commit(
      {{{DocumentKind::project, "a", 0, "{}"}, 0, false}, {{DocumentKind::environment, "e", 0, "{}"}, 7, true}},
      entry("1"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(store_->list(DocumentKind::project)->empty());
  EXPECT_TRUE(store_->audit({})->empty());
}

TEST_F(SqliteStoreTest, a_document_is_removed_and_can_come_again) {
  ASSERT_TRUE(put("a", 0, "{}"));
  ASSERT_TRUE(store_->commit({{{DocumentKind::project, "a", 0, ""}, 1, true}}, entry("x")));
  EXPECT_TRUE(store_->list(DocumentKind::project)->empty());
  EXPECT_TRUE(put("a", 0, "{}"));
}

TEST_F(SqliteStoreTest, the_audit_log_is_read_newest_first_by_time_and_text) {
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(store_->commit({}, entry("entry " + std::to_string(i), i * 100)));
  }
  AuditQuery query;
  query.limit = 2;
  EXPECT_EQ((*store_->audit(query))[1].id, "entry 4");
  query.before_ms = 400;
  query.after_ms = 100;
  EXPECT_EQ((*store_->audit(query))[0].id, "entry 3");
  EXPECT_EQ(store_->audit(query)->size(), 2u);
  query = {};
  query.text = "entry 5";
  EXPECT_EQ(store_->audit(query)->size(), 1u);
}

TEST_F(SqliteStoreTest, is_for_its_owner_alone_and_its_backup_can_be_opened) {
  ASSERT_TRUE(put("a", 0, "{}"));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_TRUE(store_->backup(folder_ + "/copy.db"));
  EXPECT_FALSE(store_->backup(folder_ + "/copy.db"));  // is never written over
  auto copy = open_sqlite_store(folder_ + "/copy.db");
  ASSERT_TRUE(copy);
  EXPECT_EQ((*copy)->list(DocumentKind::project)->size(), 1u);
}

TEST_F(SqliteStoreTest, what_is_no_catalog_or_of_a_newer_sluice_is_refused_untouched) {
  std::ofstream(folder_ + "/text") << "this is no database, and longer than a header would have to be";
  EXPECT_FALSE(open_sqlite_store(folder_ + "/text"));
  store_.reset();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "PRAGMA user_version = 1000", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  const auto refused = open_sqlite_store(path_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("newer Sluice"), std::string::npos);
}

}  // namespace
}  // namespace sluice::catalog
