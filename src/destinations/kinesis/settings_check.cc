#include "destinations/kinesis/settings_check.h"

#include <array>

#include "aws/arn.h"
#include "aws/endpoints.h"
#include "base/text.h"
#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/stream_arn.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::kinesis {
namespace {

class Faults {
 public:
  void add(std::string field, std::string message) { faults_.push_back({std::move(field), std::move(message)}); }
  template <typename Checked>
  void add_error(const char* field, const Result<Checked>& checked) {
    if (!checked) add(field, checked.error().message);
  }
  void add_range(const char* field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
    if (value < least || value > most)
      add(field, "expected " + grouped(least) + " to " + grouped(most) + ", got " + grouped(value) + ".");
  }
  std::vector<catalog::FieldFault> take() { return std::move(faults_); }

 private:
  std::vector<catalog::FieldFault> faults_;
};

void check_stream(const KinesisSettings& settings, Faults& faults) {
  if (settings.stream_arn.empty()) {
    if (settings.stream_name.empty()) {
      faults.add("stream_name", "expected the name of a Kinesis data stream, or the stream's ARN instead.");
    } else {
      faults.add_error("stream_name", check_stream_name(settings.stream_name));
    }
    return;
  }
  const auto arn = parse_stream_arn(settings.stream_arn);
  faults.add_error("stream_arn", arn);
  if (!arn) return;
  if (!settings.stream_name.empty() && settings.stream_name != arn->stream_name)
    faults.add("stream_name", "the ARN names stream " + arn->stream_name + ", stream_name " + settings.stream_name +
                                  ". Remove one of them, or make them agree.");
  if (!settings.region.empty() && settings.region != arn->region)
    faults.add("region", "the stream's ARN names region " + arn->region + ", region says " + settings.region +
                             ". Make them agree.");
}

void check_endpoint(const char* field, const std::string& url, Faults& faults) {
  if (url.empty()) return;
  const auto checked = aws::checked_endpoint(url);
  faults.add_error(field, checked);
  if (checked && http_client::is_link_local_host(http_client::host_of(*checked)))
    faults.add(field,
               "it is a link-local address or a cloud's metadata service; expected an endpoint of an AWS service.");
}

void check_record(const KinesisSettings& settings, Faults& faults) {
  if (settings.record_bytes == 0) return;
  if (!framing::is_packed(settings.encoding)) {
    faults.add(
        "record_bytes",
        "a record of the encoding json has one event, whatever its size. Remove it, or select another encoding.");
    return;
  }
  faults.add_range("record_bytes", settings.record_bytes, kLeastRecordBytes, kMostRecordBytes);
  if (settings.record_bytes > settings.max_bytes_per_call)
    faults.add("record_bytes", "a record of " + grouped(settings.record_bytes) + " bytes does not fit into a call of " +
                                   grouped(settings.max_bytes_per_call) + ". Lower it, or raise max_bytes_per_call.");
}

}  // namespace

aws::ServiceHosts kinesis_hosts() {
  static constexpr std::array<std::string_view, 4> kHosts = {"kinesis", "kinesis-fips", "data-kinesis",
                                                             "control-kinesis"};
  return kHosts;
}

std::vector<catalog::FieldFault> check_kinesis_endpoints(const KinesisSettings& settings,
                                                         const http_client::OutboundPolicy& policy) {
  Faults faults;
  if (!settings.endpoint.empty())
    faults.add_error("endpoint", aws::check_endpoint_allowed(settings.endpoint, kinesis_hosts(), policy));
  if (!settings.sts_endpoint.empty())
    faults.add_error("sts_endpoint", aws::check_endpoint_allowed(settings.sts_endpoint, aws::sts_hosts(), policy));
  return faults.take();
}

std::vector<catalog::FieldFault> check_kinesis_settings(const KinesisSettings& settings) {
  Faults faults;
  check_stream(settings, faults);
  if (settings.region.empty()) {
    if (settings.stream_arn.empty()) faults.add("region", "expected the stream's region, such as eu-west-1.");
  } else if (!aws::looks_like_region(settings.region)) {
    faults.add("region", "expected a region, such as eu-west-1, got \"" + shown_value(settings.region) + "\".");
  }
  if (!settings.role_arn.empty()) faults.add_error("role_arn", aws::parse_role_arn(settings.role_arn));
  if (!settings.external_id.empty()) {
    faults.add_error("external_id", aws::check_external_id(settings.external_id));
    if (settings.role_arn.empty())
      faults.add("external_id", "an external id needs a role: set the role too, or remove the external id.");
  }
  check_endpoint("endpoint", settings.endpoint, faults);
  check_endpoint("sts_endpoint", settings.sts_endpoint, faults);
  faults.add_range("max_calls_in_flight", settings.max_calls_in_flight, 1, 64);
  faults.add_range("max_records_per_call", settings.max_records_per_call, 1, kMaxApiRecords);
  faults.add_range("max_bytes_per_call", settings.max_bytes_per_call, 65'536, kMaxApiRecordBytes);
  check_record(settings, faults);
  if (settings.linger_ms < 0 || settings.linger_ms > 60'000)
    faults.add("linger_ms", "expected 0 to 60,000, got " + std::to_string(settings.linger_ms) + ".");
  return faults.take();
}

}  // namespace sluice::kinesis
