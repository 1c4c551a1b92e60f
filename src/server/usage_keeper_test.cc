#include "server/usage_keeper.h"

#include <gtest/gtest.h>

#include "base/worker_fake.h"

namespace sluice::server {
namespace {

const ObjectId kDestination = *ObjectId::parse("610addeadbeefaa86ec9a7d4");

class UsageStore final : public catalog::CatalogStore {
 public:
  catalog::StoreResult<void> add_usage(const std::vector<catalog::UsageRow>& added) override {
    if (fails) return tl::unexpected(catalog::StoreError{catalog::StoreFault::failed, "no room"});
    rows.insert(rows.end(), added.begin(), added.end());
    return {};
  }
  catalog::StoreResult<std::vector<catalog::Document>> list(catalog::DocumentKind) override {
    return std::vector<catalog::Document>();
  }
  catalog::StoreResult<void> commit(const std::vector<catalog::DocumentChange>&, const catalog::AuditEntry&) override {
    return {};
  }
  catalog::StoreResult<std::vector<catalog::AuditEntry>> audit(const catalog::AuditQuery&) override {
    return std::vector<catalog::AuditEntry>();
  }
  catalog::StoreResult<std::vector<catalog::UsageRow>> usage(const catalog::UsageQuery&) override { return rows; }
  catalog::StoreResult<void> backup(const std::string&) override { return {}; }

  bool fails = false;
  std::vector<catalog::UsageRow> rows;
};

class UsageKeeperTest : public testing::Test {
 protected:
  void deliver(std::uint64_t events) {
    exporting::Exporter::Delivered& sums = delivered_[kDestination];
    sums.project_key = "web";
    sums.environment_key = "production";
    sums.by_kind[static_cast<std::size_t>(event::EventKind::feature)] += events;
  }

  ManualClock clock_;
  ManualWorkers workers_{clock_};
  UsageStore store_;
  storage::UnsavedFiles unsaved_;
  std::map<ObjectId, exporting::Exporter::Delivered> delivered_;
  std::unique_ptr<UsageKeeper> keeper_ = std::make_unique<UsageKeeper>(
      store_, [this] { return delivered_; }, clock_, unsaved_, workers_);
};

TEST_F(UsageKeeperTest, writes_what_was_delivered_since_the_last_sample_under_its_hour) {
  deliver(3);
  workers_.run_for_us(kUsageIntervalMs * 1000 - 1);
  EXPECT_TRUE(store_.rows.empty());
  workers_.run_for_us(1);
  deliver(4);
  workers_.run_for_us(kUsageIntervalMs * 1000);
  workers_.run_for_us(kUsageIntervalMs * 1000);
  ASSERT_EQ(store_.rows.size(), 2u) << "nothing delivered, nothing written";
  EXPECT_EQ(store_.rows[0].hour_ms, 1'699'999'200'000);
  EXPECT_EQ(store_.rows[0].destination, kDestination.hex());
  EXPECT_EQ(store_.rows[0].kind, "feature");
  EXPECT_EQ(store_.rows[0].environment, "production");
  EXPECT_EQ(store_.rows[0].events, 3u);
  EXPECT_EQ(store_.rows[1].events, 4u);
}

TEST_F(UsageKeeperTest, what_could_not_be_written_is_written_with_the_next_sample) {
  deliver(3);
  store_.fails = true;
  workers_.run_for_us(kUsageIntervalMs * 1000);
  store_.fails = false;
  deliver(4);
  workers_.run_for_us(kUsageIntervalMs * 1000);
  ASSERT_EQ(store_.rows.size(), 1u);
  EXPECT_EQ(store_.rows[0].events, 7u);
}

TEST_F(UsageKeeperTest, payloads_that_were_repeated_are_no_events_that_were_used) {
  deliver(3);
  delivered_[kDestination].by_kind[static_cast<std::size_t>(event::EventKind::original)] = 5;
  workers_.run_for_us(kUsageIntervalMs * 1000);
  ASSERT_EQ(store_.rows.size(), 1u);
  EXPECT_EQ(store_.rows[0].kind, "feature");
}

TEST_F(UsageKeeperTest, takes_a_last_sample_when_it_ends) {
  deliver(3);
  keeper_.reset();
  ASSERT_EQ(store_.rows.size(), 1u);
  EXPECT_EQ(store_.rows[0].events, 3u);
}

}  // namespace
}  // namespace sluice::server
