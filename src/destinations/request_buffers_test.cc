#include "destinations/request_buffers.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::destinations {
namespace {

TEST(RequestBuffers, hands_out_the_memory_that_it_was_given) {
  RequestBuffers buffers;
  EXPECT_TRUE(buffers.take().empty());
  std::string body(300'000, 'x');
  const char* const memory = body.data();
  buffers.keep(std::move(body));
  const std::string again = buffers.take();
  EXPECT_EQ(again.data(), memory);
  EXPECT_EQ(again.size(), 300'000u) << "as it was: what is beyond its size would have to be filled again";
  EXPECT_EQ(buffers.bytes(), 0u);
}

TEST(RequestBuffers, keeps_no_more_memory_than_its_limit) {
  RequestBuffers buffers;
  for (int i = 0; i < 40; ++i) {
    buffers.keep(std::string(1u << 20, 'x'));
    ASSERT_LE(buffers.bytes(), RequestBuffers::kMostBytes);
  }
  EXPECT_GT(buffers.bytes(), RequestBuffers::kMostBytes / 2);
  int taken = 0;
  while (buffers.bytes() > 0) {
    EXPECT_FALSE(buffers.take().empty());
    ++taken;
  }
  EXPECT_GE(taken, 14);
}

}  // namespace
}  // namespace sluice::destinations
