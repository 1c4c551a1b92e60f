#include "destinations/kinesis/stream_arn.h"

#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

TEST(StreamArn, is_read_and_written) {
  const auto arn = parse_stream_arn("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/flag_events.v1-x");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->partition, "aws-cn");
  EXPECT_EQ(arn->region, "cn-north-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->stream_name, "flag_events.v1-x");
  EXPECT_EQ(arn->text(), "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/flag_events.v1-x");
}

TEST(StreamArn, tells_what_is_wrong_with_it) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "six parts"},
      {"flag-events", "six parts"},
      {"ern:aws:kinesis:eu-west-1:123456789012:stream/x", "six parts"},
      {"arn:ibm:kinesis:eu-west-1:123456789012:stream/x", "partitions"},
      {"arn:aws:firehose:eu-west-1:123456789012:stream/x", "another service"},
      {"arn:aws:kinesis:eu-west-1:1234:stream/x", "account of 12 digits"},
      {"arn:aws:kinesis::123456789012:stream/x", "region"},
      {"arn:aws:kinesis:cn-north-1:123456789012:stream/x", "region"},
      {"arn:aws:kinesis:eu-west-1:123456789012:x", "'stream/'"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/", "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/a b", "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/x/consumer/y:1", "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/" + std::string(129, 'x'), "name of the stream"},
      {"arn:aws:kinesis:eu-west-1:123456789012:stream/" + std::string(3000, 'x'), "2,048"}};
  for (const auto& [text, why] : cases) {
    const auto arn = parse_stream_arn(text);
    ASSERT_FALSE(arn) << text;
    EXPECT_NE(arn.error().message.find(why), std::string::npos) << arn.error().message;
    EXPECT_NE(arn.error().message.find("Expected the form arn:aws:kinesis:"), std::string::npos);
    EXPECT_LT(arn.error().message.size(), 600u);
  }
}

}  // namespace
}  // namespace sluice::kinesis
