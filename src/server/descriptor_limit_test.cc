#include "server/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

namespace sluice::server {
namespace {

TEST(DescriptorLimit, is_shared_so_that_files_and_the_admin_port_always_have_some) {
  const ConnectionShares wanted{8192, 256, 10'000, 32};
  const ConnectionShares ample = share_descriptors(1'048'576, wanted);
  EXPECT_EQ(ample.intake, wanted.intake);
  EXPECT_EQ(ample.admin, wanted.admin);
  EXPECT_EQ(ample.intake_streams, wanted.intake_streams);
  EXPECT_EQ(ample.admin_streams, wanted.admin_streams);
  for (const std::uint64_t descriptors : {64u, 256u, 1024u, 4096u, 10'000u}) {
    const ConnectionShares shares = share_descriptors(descriptors, wanted);
    EXPECT_GE(shares.intake, 1u) << descriptors;
    EXPECT_GE(shares.admin, 5u) << descriptors;
    EXPECT_GE(shares.admin_streams, 2u) << descriptors;
    EXPECT_GE(shares.intake_streams, 6u) << descriptors;
    EXPECT_LE(shares.admin + shares.admin / 8 + shares.admin_streams, descriptors / 8);
    const std::size_t all = shares.intake + shares.intake / 8 + shares.intake_streams + shares.admin +
                            shares.admin / 8 + shares.admin_streams;
    EXPECT_LE(all + std::min<std::size_t>(descriptors / 4, 1024), descriptors) << "a quarter is left for files";
  }
  EXPECT_GE(share_descriptors(256, wanted).intake, 60u);
  EXPECT_GE(share_descriptors(256, {8192, 256}).intake, 100u) << "where no streams are served";
  EXPECT_EQ(share_descriptors(20'000, wanted).intake, 8192u) << "streams wait for what connections leave";
  EXPECT_GT(share_descriptors(20'000, wanted).intake_streams, 7'000u);
  EXPECT_EQ(share_descriptors(24'000, {8192, 256, 8000}).intake, 8192u) << "shared only when they do not suffice";
  EXPECT_EQ(share_descriptors(16, wanted).intake, 1u) << "never none";
}

TEST(DescriptorLimit, is_raised_to_what_the_system_allows) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit lowered{std::min<rlim_t>(128, before.rlim_max), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace sluice::server
