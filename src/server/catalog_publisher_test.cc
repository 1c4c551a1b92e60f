#include "server/catalog_publisher.h"

#include <gtest/gtest.h>

#include "base/worker_fake.h"

namespace sluice::server {
namespace {

class CatalogPublisherTest : public testing::Test {
 protected:
  ManualClock clock_;
  ManualWorkers workers_{clock_};
  int published_ = 0;
  bool succeeds_ = true;
  std::unique_ptr<CatalogPublisher> publisher_ = std::make_unique<CatalogPublisher>(
      clock_,
      [this] {
        ++published_;
        if (during_) during_();
        return succeeds_;
      },
      workers_);
  std::function<void()> during_;
};

TEST_F(CatalogPublisherTest, many_changes_while_it_publishes_become_one_more) {
  during_ = [this] {
    for (int i = 0; i < 1'000 && published_ == 1; ++i) publisher_->changed();
  };
  publisher_->changed();
  workers_.run_due();
  EXPECT_EQ(published_, 1) << "the next comes an interval later";
  workers_.run_for_us(kPublishIntervalMs * 1000 - 1);
  EXPECT_EQ(published_, 1);
  workers_.run_for_us(1);
  EXPECT_EQ(published_, 2);
}

TEST_F(CatalogPublisherTest, what_was_changed_is_published_before_it_ends) {
  publisher_->changed();
  workers_.run_due();
  publisher_->changed();
  publisher_.reset();
  EXPECT_EQ(published_, 2);
}

TEST_F(CatalogPublisherTest, nothing_changed_nothing_published) {
  workers_.run_for_us(10'000'000);
  publisher_.reset();
  EXPECT_EQ(published_, 0);
}

TEST_F(CatalogPublisherTest, tries_again_what_did_not_come_into_force) {
  succeeds_ = false;
  publisher_->changed();
  workers_.run_for_us(kPublishRetryMs * 1000 - 1);
  EXPECT_EQ(published_, 1);
  succeeds_ = true;
  workers_.run_for_us(1);
  EXPECT_EQ(published_, 2);
  workers_.run_for_us(10'000'000);
  EXPECT_EQ(published_, 2);
}

TEST_F(CatalogPublisherTest, what_cannot_come_into_force_does_not_keep_it_from_ending) {
  succeeds_ = false;
  publisher_->changed();
  workers_.run_due();
  publisher_.reset();
  EXPECT_EQ(published_, 2);
}

}  // namespace
}  // namespace sluice::server
