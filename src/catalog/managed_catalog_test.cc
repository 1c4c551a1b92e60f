#include "catalog/managed_catalog.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "catalog/destination_kinds_fake.h"
#include "catalog/sqlite_store.h"

namespace sluice::catalog {
namespace {

using nlohmann::json;

const std::string kProject = "5744c96707c9900708000004";
const std::string kEnvironment = "578d1e02d2943862c52b9686";
const std::string kDestination = "610addeadbeefaa86ec9a7d4";

// SQLite that can be told to fail.
class FailingStore final : public CatalogStore {
 public:
  explicit FailingStore(std::unique_ptr<CatalogStore> store) : store_(std::move(store)) {}
  StoreResult<std::vector<Document>> list(DocumentKind kind) override { return store_->list(kind); }
  StoreResult<void> commit(const std::vector<DocumentChange>& changes, const AuditEntry& audit) override {
    if (failing) return tl::unexpected(StoreError{StoreFault::failed, "disk full"});
    return store_->commit(changes, audit);
  }
  StoreResult<std::vector<AuditEntry>> audit(const AuditQuery& query) override { return store_->audit(query); }
  StoreResult<void> add_usage(const std::vector<UsageRow>& rows) override { return store_->add_usage(rows); }
  StoreResult<std::vector<UsageRow>> usage(const UsageQuery& query) override { return store_->usage(query); }
  StoreResult<void> backup(const std::string& path) override { return store_->backup(path); }
  bool failing = false;

 private:
  std::unique_ptr<CatalogStore> store_;
};

class ManagedCatalogTest : public testing::Test {
 protected:
  ManagedCatalogTest()
      : path_(testing::TempDir() + "managed-" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".db") {
    std::filesystem::remove(path_);
    open();
  }
  ~ManagedCatalogTest() override { std::filesystem::remove(path_); }

  void open() {
    catalog_.reset();
    store_.reset();
    auto opened = open_sqlite_store(path_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::make_unique<FailingStore>(std::move(*opened));
    auto catalog = ManagedCatalog::open(*store_, fake_kinds(), [this] { ++changes_; });
    ASSERT_TRUE(catalog) << catalog.error().message;
    catalog_ = std::move(*catalog);
  }

  CatalogResult<void> commit(std::vector<CatalogWrite> writes) {
    AuditEntry entry;
    entry.id = std::to_string(++entries_) + std::to_string(changes_);
    return catalog_->commit(std::move(writes), entry);
  }
  static CatalogWrite project(const std::string& key, std::uint64_t expected = 0, const std::string& id = kProject) {
    return {DocumentKind::project, id, {{"key", key}}, json::object(), expected, false};
  }
  static CatalogWrite environment(const std::string& key, const std::string& sdk_key, std::uint64_t expected = 0,
                                  const std::string& id = kEnvironment) {
    return {DocumentKind::environment, id,       {{"project", "web"}, {"key", key}, {"sdk_keys", {sdk_key}}},
            {{"color", "FF0000"}},     expected, false};
  }
  static CatalogWrite destination(std::uint64_t expected = 0) {
    return {DocumentKind::destination,
            kDestination,
            {{"name", "d"}, {"project", "web"}, {"environment", "production"}, {"target", "lake"}, {"linger", "1 s"}},
            json::object(),
            expected,
            false};
  }
  void fill() {
    ASSERT_TRUE(commit({project("web"), environment("production", "sdk-1")}));
    ASSERT_TRUE(commit({destination()}));
    ASSERT_TRUE(commit({{DocumentKind::flag,
                         flag_document_id(*ObjectId::parse(kEnvironment), "a/b"),
                         {{"export", false}},
                         json::object(),
                         0,
                         false}}));
  }

  const std::string path_;
  std::unique_ptr<FailingStore> store_;
  std::unique_ptr<ManagedCatalog> catalog_;
  int changes_ = 0, entries_ = 0;
};

// The files of one that was deleted go after the answer: a start finishes what a killed process did not get to.
TEST_F(ManagedCatalogTest, a_deleted_destination_is_known_as_deleted_until_nothing_of_it_is_left) {
  for (const bool with_its_project : {false, true}) {
    SCOPED_TRACE(with_its_project);
    fill();
    store_->failing = true;
    ASSERT_FALSE(commit({{DocumentKind::destination, kDestination, {}, {}, 1, true}}));
    store_->failing = false;
    EXPECT_TRUE(catalog_->unfinished_deletions().empty());
    ASSERT_TRUE(with_its_project ? commit({{DocumentKind::project, kProject, {}, {}, 1, true}})
                                 : commit({{DocumentKind::destination, kDestination, {}, {}, 1, true}}));
    const std::set<ObjectId> deleted{*ObjectId::parse(kDestination)};
    EXPECT_EQ(catalog_->unfinished_deletions(), deleted);
    open();
    EXPECT_EQ(catalog_->unfinished_deletions(), deleted);
    if (!with_its_project) {
      const auto again = commit({destination()});
      ASSERT_FALSE(again);
      EXPECT_NE(again.error().message.find("not removed yet"), std::string::npos) << again.error().message;
    }
    store_->failing = true;
    catalog_->finish_deletions(deleted);
    EXPECT_EQ(catalog_->unfinished_deletions(), deleted);
    store_->failing = false;
    catalog_->finish_deletions(deleted);
    EXPECT_TRUE(catalog_->unfinished_deletions().empty());
    open();
    EXPECT_TRUE(catalog_->unfinished_deletions().empty());
    if (with_its_project) continue;
    ASSERT_TRUE(commit({destination()}));
    ASSERT_TRUE(commit({{DocumentKind::project, kProject, {}, {}, 1, true}}));
    catalog_->finish_deletions(deleted);
  }
}

TEST_F(ManagedCatalogTest, what_was_committed_is_in_the_snapshot_also_after_a_restart) {
  fill();
  EXPECT_EQ(changes_, 3);
  for (int restarted = 0; restarted < 2; ++restarted) {
    const CatalogPointer snapshot = catalog_->snapshot();
    ASSERT_EQ(snapshot->destinations().size(), 1u);
    EXPECT_EQ(snapshot->destinations()[0].settings.as<FakeSettings>().linger_ms, 1000);
    EXPECT_EQ(snapshot->destinations()[0].environment_id.hex(), kEnvironment);
    const Environment* environment = snapshot->by_sdk_key("sdk-1");
    ASSERT_TRUE(environment);
    EXPECT_EQ(environment->flag_export.flags.at("a/b").exported, false);
    EXPECT_EQ(catalog_->environment("web", "production")->extra, json({{"color", "FF0000"}}));
    open();
  }
}

TEST_F(ManagedCatalogTest, a_snapshot_has_the_list_of_destinations_of_the_one_before_only_after_changes_of_flags) {
  fill();
  const auto flag_switched = [&](std::uint64_t expected, bool on) {
    return CatalogWrite{DocumentKind::flag, flag_document_id(*ObjectId::parse(kEnvironment), "a/b"),
                        {{"export", on}},   json::object(),
                        expected,           false};
  };
  CatalogPointer before = catalog_->snapshot();
  ASSERT_TRUE(commit({flag_switched(1, true)}));
  CatalogPointer after = catalog_->snapshot();
  EXPECT_TRUE(after->has_destinations_of(*before));
  EXPECT_EQ(after->by_sdk_key("sdk-1")->flag_export.flags.at("a/b").exported, true);
  ASSERT_EQ(after->destinations().size(), 1u);

  before = after;
  CatalogWrite changed = destination(1);
  changed.fields["linger"] = "2 s";
  ASSERT_TRUE(commit({flag_switched(2, false), changed}));
  after = catalog_->snapshot();
  EXPECT_FALSE(after->has_destinations_of(*before));
  EXPECT_EQ(after->destinations()[0].settings.as<FakeSettings>().linger_ms, 2000);

  ASSERT_TRUE(commit({{DocumentKind::environment, kEnvironment, {}, {}, 1, true}}));
  EXPECT_TRUE(catalog_->snapshot()->destinations().empty()) << "they went with their environment";
}

TEST_F(ManagedCatalogTest, every_fault_is_told_by_field_and_nothing_is_changed) {
  fill();
  CatalogWrite bad = destination(1);
  bad.fields["linger"] = "2 h";
  bad.fields["traget"] = "x";
  const auto refused = commit({bad});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, CatalogFault::invalid);
  ASSERT_EQ(refused.error().fields.size(), 2u);
  EXPECT_EQ(refused.error().fields[0].field, "linger");
  EXPECT_NE(refused.error().message.find("Did you mean target?"), std::string::npos);
  EXPECT_EQ(catalog_->destination(*ObjectId::parse(kDestination))->revision, 1u);
}

TEST_F(ManagedCatalogTest, keys_that_no_sdk_can_send_are_refused_wherever_they_come_from) {
  fill();
  for (const char* key : {" sdk-2", "sdk-2\n", "sdk 2", "sdk-\u00e9"}) {
    const auto refused = commit({environment("production", key, 1)});
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().fault, CatalogFault::invalid);
    EXPECT_NE(refused.error().message.find("can never match"), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(catalog_->environment("web", "production")->value.sdk_keys, std::vector<std::string>{"sdk-1"});
}

TEST_F(ManagedCatalogTest, a_rule_that_came_later_refuses_only_what_is_saved_anew) {
  ASSERT_TRUE(
      store_->commit({{{DocumentKind::project, kProject, 0, R"({"fields":{"key":".."},"extra":{}})"}, 0, false}}, {}));
  open();
  ASSERT_TRUE(catalog_->project(".."));
  CatalogWrite renamed = project("..", 1);
  renamed.fields["name"] = "Dots";
  EXPECT_TRUE(commit({renamed})) << "what it had before is not refused";
  for (const char* key : {".", "..."}) {
    const auto refused = commit({project(key, 0, "5744c96707c9900708000005")});
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().fields[0].field, "key");
  }
  EXPECT_TRUE(commit({project(".well-known", 0, "5744c96707c9900708000005")}));
}

TEST_F(ManagedCatalogTest, every_write_that_would_be_refused_is_told_and_nothing_is_changed) {
  fill();
  CatalogWrite faulty = destination(1);
  faulty.fields["linger"] = "2 h";
  const auto faults = catalog_->faults_of({project("a b", 0, "5744c96707c9900708000005"),
                                           project("good", 0, "5744c96707c9900708000006"), faulty,
                                           environment("production", "sdk-1", 7)});
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].first, 0u);
  EXPECT_EQ(faults[1].first, 2u);
  EXPECT_TRUE(faults[1].second.message.starts_with("linger: ")) << faults[1].second.message;
  EXPECT_EQ(faults[2].second.fault, CatalogFault::stale);
  EXPECT_FALSE(catalog_->project("good"));
  EXPECT_EQ(catalog_->destinations()[0].value.settings.as<FakeSettings>().linger_ms, 1000);
  EXPECT_TRUE(commit({environment("staging", "sdk-9", 0, "578d1e02d2943862c52b9680")}));
}

TEST_F(ManagedCatalogTest, keys_belong_to_one) {
  fill();
  const std::string other = "578d1e02d2943862c52b9687";
  EXPECT_EQ(commit({project("web", 0, other)}).error().fault, CatalogFault::taken);
  EXPECT_EQ(commit({environment("production", "sdk-2", 0, other)}).error().fault, CatalogFault::taken);
  const auto same_key = commit({environment("test", "sdk-1", 0, other)});
  EXPECT_EQ(same_key.error().fault, CatalogFault::taken);
  EXPECT_EQ(same_key.error().message.find("sdk-1"), std::string::npos);
  EXPECT_TRUE(commit({environment("test", "sdk-2", 0, other)}));
  // A key that its environment gave up is free.
  EXPECT_TRUE(commit({environment("production", "sdk-3", 1)}));
  EXPECT_TRUE(commit({environment("test", "sdk-1", 1, other)}));
  EXPECT_EQ(commit({environment("test", "sdk-1", 1, other)}).error().fault, CatalogFault::stale);
}

TEST_F(ManagedCatalogTest, what_is_inside_goes_with_a_project) {
  fill();
  ASSERT_TRUE(commit({{DocumentKind::project, kProject, {}, {}, 1, true}}));
  for (int restarted = 0; restarted < 2; ++restarted) {
    EXPECT_FALSE(catalog_->environment("web", "production"));
    EXPECT_TRUE(catalog_->destinations().empty());
    EXPECT_EQ(catalog_->snapshot()->by_sdk_key("sdk-1"), nullptr);
    open();
  }
  EXPECT_TRUE(commit({project("web"), environment("production", "sdk-1")}));
}

TEST_F(ManagedCatalogTest, a_change_that_cannot_be_stored_never_was) {
  fill();
  store_->failing = true;
  EXPECT_EQ(commit({{DocumentKind::project, kProject, {}, {}, 1, true}}).error().fault, CatalogFault::failed);
  EXPECT_FALSE(commit({environment("production", "sdk-9", 1)}));
  EXPECT_FALSE(commit({project("more", 0, "578d1e02d2943862c52b9687")}));
  EXPECT_EQ(changes_, 3);
  EXPECT_FALSE(catalog_->project("more"));
  const CatalogPointer snapshot = catalog_->snapshot();
  ASSERT_TRUE(snapshot->by_sdk_key("sdk-1"));
  EXPECT_EQ(snapshot->by_sdk_key("sdk-1")->flag_export.flags.size(), 1u);
  EXPECT_EQ(snapshot->destinations().size(), 1u);
  EXPECT_EQ(snapshot->by_sdk_key("sdk-9"), nullptr);
  store_->failing = false;
  EXPECT_TRUE(commit({environment("production", "sdk-9", 1)}));
}

}  // namespace
}  // namespace sluice::catalog
