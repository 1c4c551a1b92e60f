#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <string_view>

#include "http/byte_budget.h"

namespace sluice::http {
namespace {

TEST(RequestParser, knows_nothing_before_the_first_request_and_once_it_gave_its_memory_back) {
  const HttpLimits limits;
  ByteBudget budget{1 << 20};
  RequestParser parser(limits, budget);
  const auto described = [&] {
    HttpRequest request;
    parser.describe(request);
    return request;
  };
  EXPECT_TRUE(described().method.empty());
  parser.begin();
  std::string_view text = "POST /a?b HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody";
  auto step = RequestParser::Step::more;
  while (step == RequestParser::Step::more || step == RequestParser::Step::header) step = parser.feed(text);
  ASSERT_EQ(step, RequestParser::Step::complete);
  EXPECT_EQ(described().path, "/a");
  EXPECT_EQ(described().query, "b");
  EXPECT_EQ(described().body, "body");
  parser.release();
  EXPECT_TRUE(described().path.empty());
  EXPECT_FALSE(described().has_header("Host"));
  parser.retire();
  EXPECT_TRUE(described().path.empty());
  EXPECT_EQ(described().header("Host"), "");
}

}  // namespace
}  // namespace sluice::http
