#include "data_path/data_path.h"

#include <gtest/gtest.h>

#include "export/sink_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::data_path {
namespace {

class DataPathTest : public testing::Test {
 protected:
  DataPathTest() {
    for (const char* id : {"610addeadbeefaa86ec9a7d4", "610addeadbeefaa86ec9a7d5"}) {
      catalog::Destination destination;
      destination.id = *ObjectId::parse(id);
      destination.name = id;
      destination.environment_id = *ObjectId::parse("578d1e02d2943862c52b9686");
      destination.on = true;
      (first_.name.empty() ? first_ : second_) = destination;
    }
    settings_.data_directory = "/data";
    settings_.journal.segment_bytes = 64 << 10;
    settings_.journal.min_free_bytes = 0;
  }

  void start(std::vector<catalog::Destination> destinations, DeletedDestinations deleted) {
    auto opened =
        DataPath::open(settings_, {files_, clock_,
                                   [](const catalog::Destination&, Notifier&, exporting::DeadLetterStore&,
                                      const exporting::SinkUse&) { return std::make_unique<exporting::FakeSink>(10); },
                                   nullptr});
    ASSERT_TRUE(opened) << opened.error().message;
    data_path_ = std::move(*opened);
    ASSERT_TRUE(data_path_->start(catalog_of(std::move(destinations)), deleted, {}));
    data_path_->deliver();
  }
  Result<void> put_in_force(std::vector<catalog::Destination> destinations) {
    return data_path_->put_in_force(catalog_of(std::move(destinations)));
  }
  static catalog::CatalogPointer catalog_of(std::vector<catalog::Destination> destinations) {
    return std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>(),
                                                      std::vector<catalog::Environment>(), std::move(destinations));
  }
  static std::string cursor_of(const catalog::Destination& destination) {
    return "/data/cursors/" + destination.id.hex() + ".cursor";
  }
  // What keeps the second destination from starting, until repair().
  void break_second() {
    files_.set_bytes(cursor_of(second_), std::string(64, 'x'));
    files_.fail_read(cursor_of(second_), 0);
  }
  void repair_second() {
    files_.heal_reads();
    ASSERT_TRUE(files_.remove(cursor_of(second_)));
  }

  storage::FakeFileSystem files_{1};
  SystemClock clock_;
  DataPathSettings settings_;
  catalog::Destination first_, second_;
  std::unique_ptr<DataPath> data_path_;
};

TEST_F(DataPathTest, what_was_deleted_is_forgotten_also_when_another_destination_cannot_start) {
  start({first_}, DeletedDestinations::forget);
  std::set<ObjectId> deleted;
  data_path_->deleted_for_good = [&](const std::set<ObjectId>& ids) { deleted.insert(ids.begin(), ids.end()); };
  ASSERT_TRUE(files_.exists(cursor_of(first_)));
  break_second();
  ASSERT_FALSE(put_in_force({second_}));
  EXPECT_FALSE(files_.exists(cursor_of(first_)));
  EXPECT_EQ(deleted, std::set{first_.id});
  repair_second();
  ASSERT_TRUE(put_in_force({second_}));
  EXPECT_TRUE(files_.exists(cursor_of(second_)));
}

TEST_F(DataPathTest, a_deletion_that_a_killed_process_did_not_get_to_is_finished_by_the_next) {
  start({first_, second_}, DeletedDestinations::forget);
  data_path_.reset();
  files_.set_bytes("/data/destinations/" + first_.id.hex() + ".json.1795", "{}");
  files_.set_bytes("/data/set-aside/" + first_.id.hex() + ".json", "{}");
  files_.set_bytes("/data/spool/" + first_.id.hex() + "/manifest.json", "{}");
  auto opened =
      DataPath::open(settings_, {files_, clock_,
                                 [](const catalog::Destination&, Notifier&, exporting::DeadLetterStore&,
                                    const exporting::SinkUse&) { return std::make_unique<exporting::FakeSink>(10); },
                                 nullptr});
  ASSERT_TRUE(opened);
  data_path_ = std::move(*opened);
  EXPECT_EQ(data_path_->finish_deletions({first_.id}), std::set{first_.id});
  for (const std::string& path : files_.paths()) EXPECT_EQ(path.find(first_.id.hex()), std::string::npos) << path;
  ASSERT_TRUE(data_path_->start(catalog_of({second_}), DeletedDestinations::forget, {}));
  EXPECT_TRUE(data_path_->exporter().set_aside_destinations().empty());
}

TEST_F(DataPathTest, a_catalog_with_the_destinations_of_one_that_could_not_be_put_in_force_is_tried_whole) {
  start({first_}, DeletedDestinations::forget);
  break_second();
  const catalog::CatalogPointer failed = catalog_of({second_});
  ASSERT_FALSE(data_path_->put_in_force(failed));
  const auto same = std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>(),
                                                               std::vector<catalog::Environment>(), *failed);
  ASSERT_FALSE(data_path_->put_in_force(same));
  repair_second();
  ASSERT_TRUE(data_path_->put_in_force(same));
  EXPECT_FALSE(files_.exists(cursor_of(first_)));
  EXPECT_TRUE(files_.exists(cursor_of(second_)));
}

TEST_F(DataPathTest, a_destination_that_comes_back_before_its_deletion_was_in_force_keeps_its_place) {
  start({first_}, DeletedDestinations::forget);
  data_path_->publish(catalog_of({second_}));
  ASSERT_TRUE(put_in_force({first_, second_}));
  EXPECT_TRUE(files_.exists(cursor_of(first_)));
}

TEST_F(DataPathTest, a_destination_that_left_a_configuration_file_keeps_its_place) {
  start({first_, second_}, DeletedDestinations::set_aside);
  const std::string place = files_.bytes(cursor_of(first_));
  ASSERT_TRUE(put_in_force({second_}));
  EXPECT_FALSE(files_.exists(cursor_of(first_)));
  ASSERT_TRUE(put_in_force({first_, second_}));
  EXPECT_EQ(files_.bytes(cursor_of(first_)), place);
}

}  // namespace
}  // namespace sluice::data_path
