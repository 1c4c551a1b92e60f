#include "server/catalog_publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace sluice::server {
namespace {

TEST(CatalogPublisher, many_changes_while_it_publishes_become_one_more) {
  std::atomic<int> published = 0;
  std::promise<void> begun, go_on;
  {
    CatalogPublisher publisher([&] {
      if (published++ > 0) return true;
      begun.set_value();
      go_on.get_future().wait();
      return true;
    });
    publisher.changed();
    begun.get_future().wait();
    for (int i = 0; i < 1'000; ++i) publisher.changed();
    go_on.set_value();
  }  // what was changed is published before it ends
  EXPECT_EQ(published, 2);
}

TEST(CatalogPublisher, nothing_changed_nothing_published) {
  int published = 0;
  {
    CatalogPublisher publisher([&] {
      ++published;
      return true;
    });
  }
  EXPECT_EQ(published, 0);
}

TEST(CatalogPublisher, tries_again_what_did_not_come_into_force) {
  std::atomic<int> tries = 0;
  std::promise<void> in_force;
  CatalogPublisher publisher([&] {
    if (++tries < 2) return false;
    in_force.set_value();
    return true;
  });
  publisher.changed();
  in_force.get_future().wait();
  EXPECT_EQ(tries, 2);
}

}  // namespace
}  // namespace sluice::server
