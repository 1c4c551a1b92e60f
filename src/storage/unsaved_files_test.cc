#include "storage/unsaved_files.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::storage {
namespace {

TEST(UnsavedFiles, are_told_by_kind_until_they_are_saved_or_nobody_writes_them_any_more) {
  UnsavedFiles all;
  UnsavedFile flags(all, UnsavedKind::seen_flags);
  UnsavedFile history(all, UnsavedKind::history);
  auto of_a_destination_that_goes = std::make_unique<UnsavedFile>(all, UnsavedKind::history);
  flags.saved();
  EXPECT_TRUE(all.all().empty());
  EXPECT_TRUE(flags.failed("cannot write /data/flags.ndjson: No space left on device"));
  EXPECT_FALSE(flags.failed("cannot write /data/flags.ndjson: Input/output error")) << "it is told already";
  EXPECT_TRUE(history.failed("first"));
  EXPECT_TRUE(of_a_destination_that_goes->failed("second"));
  const auto told = all.all();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].reason, "cannot write /data/flags.ndjson: Input/output error");
  EXPECT_EQ(told[1].files, 2u);
  of_a_destination_that_goes.reset();
  ASSERT_EQ(all.all().size(), 2u);
  EXPECT_EQ(all.all()[1].files, 1u);
  history.saved();
  flags.saved();
  EXPECT_TRUE(all.all().empty());
  EXPECT_TRUE(flags.failed("again"));
}

}  // namespace
}  // namespace sluice::storage
