#include "base/dispose.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(Dispose, frees_what_strings_held) {
  struct Answer {
    int status = 200;
    std::string body;
  } answer;
  answer.status = 404;
  answer.body.resize(1'000'000);
  dispose(answer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_LT(answer.body.capacity(), 100u);
}

}  // namespace
}  // namespace sluice
