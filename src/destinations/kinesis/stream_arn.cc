#include "destinations/kinesis/stream_arn.h"

#include "aws/arn.h"

namespace sluice::kinesis {
namespace {

constexpr aws::ArnForm kStreamForm = {"Kinesis data stream", "kinesis",
                                      "arn:aws:kinesis:eu-west-1:123456789012:stream/flag-events"};

}  // namespace

std::string StreamArn::text() const {
  return "arn:" + partition + ":kinesis:" + region + ":" + account + ":stream/" + stream_name;
}

Result<StreamArn> parse_stream_arn(std::string_view text) {
  const auto arn = aws::parse_arn(text, kStreamForm);
  if (!arn) return tl::unexpected(arn.error());
  const auto wrong = [&](std::string_view why) { return tl::unexpected(aws::arn_error(text, kStreamForm, why)); };
  if (!aws::is_region_of_partition(*arn)) return wrong("its fourth part is not a region of that partition");
  constexpr std::string_view kPrefix = "stream/";
  if (!arn->resource.starts_with(kPrefix)) return wrong("its last part does not begin with 'stream/'");
  const std::string_view name = arn->resource.substr(kPrefix.size());
  if (!check_stream_name(name)) return wrong("the name of the stream is not 1 to 128 of a-z A-Z 0-9 _ . -");
  return StreamArn{std::string(arn->partition), std::string(arn->region), std::string(arn->account), std::string(name)};
}

Result<void> check_stream_name(std::string_view name) {
  if (!name.empty() && name.size() <= 128 && aws::has_only(name, "_.-")) return {};
  return fail(aws::shown_name(name) +
              " is not the name of a Kinesis data stream; expected 1 to 128 of a-z A-Z 0-9 _ . -");
}

}  // namespace sluice::kinesis
