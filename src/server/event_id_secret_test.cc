#include "server/event_id_secret.h"

#include <gtest/gtest.h>

#include "catalog/sqlite_store.h"
#include "storage/file_system_fake.h"

namespace sluice::server {
namespace {

TEST(EventIdSecret, of_a_managed_catalog_is_drawn_once_and_comes_along_with_a_backup) {
  const std::string path = testing::TempDir() + "event-id-secret.db", copy = path + ".copy";
  for (const std::string& each : {path, copy}) std::remove(each.c_str());
  auto store = catalog::open_sqlite_store(path);
  ASSERT_TRUE(store);
  const auto first = stored_event_id_secret(**store);
  ASSERT_TRUE(first);
  EXPECT_NE(*first, event::EventIdSecret{});
  EXPECT_EQ(*stored_event_id_secret(**store), *first);
  EXPECT_TRUE((*store)->audit({})->empty()) << "no owner did that";
  ASSERT_TRUE((*store)->backup(copy));
  auto restored = catalog::open_sqlite_store(copy);
  ASSERT_TRUE(restored);
  EXPECT_EQ(*stored_event_id_secret(**restored), *first);
  for (const std::string& each : {path, copy}) std::remove(each.c_str());
}

TEST(EventIdSecret, of_a_declared_catalog_is_kept_in_the_data_directory) {
  storage::FakeFileSystem files(1);
  ASSERT_TRUE(files.make_directory("/data"));
  const auto first = kept_event_id_secret(files, "/data");
  ASSERT_TRUE(first);
  EXPECT_EQ(*kept_event_id_secret(files, "/data"), *first);
  for (const char* damage : {"0102", "", "hello"}) {
    files.set_bytes("/data/event-id-secret", damage);
    const auto damaged = kept_event_id_secret(files, "/data");
    ASSERT_FALSE(damaged) << damage;
    EXPECT_NE(damaged.error().message.find("/data/event-id-secret"), std::string::npos) << damaged.error().message;
  }
}

}  // namespace
}  // namespace sluice::server
