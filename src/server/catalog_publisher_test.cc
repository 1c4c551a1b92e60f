#include "server/catalog_publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace sluice {
namespace {

TEST(CatalogPublisher, many_changes_while_it_publishes_become_one_more) {
  std::atomic<int> published = 0;
  std::promise<void> begun, go_on;
  {
    CatalogPublisher publisher([&] {
      if (published++ > 0) return;
      begun.set_value();
      go_on.get_future().wait();
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
    CatalogPublisher publisher([&] { ++published; });
  }
  EXPECT_EQ(published, 0);
}

}  // namespace
}  // namespace sluice
