#include "aws/endpoints.h"

#include <algorithm>

#include "base/text.h"
#include "http_client/url.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool is_true(const std::optional<std::string>& value) { return value && equals_ignoring_case(*value, "true"); }

std::string region_host(std::string_view service, const std::string& region, bool fips, bool dual_stack) {
  const Partition& partition = partition_of_region(region);
  // GovCloud's plain hosts are the FIPS ones.
  const bool fips_name = fips && (dual_stack || partition.name != "aws-us-gov");
  std::string host(service);
  if (fips_name) host += "-fips";
  host += '.';
  host += region;
  host += '.';
  host += dual_stack ? partition.dual_stack_suffix : partition.dns_suffix;
  return host;
}

// S3's dual-stack hosts are older than those of api.aws, and its FIPS hosts are named so in GovCloud too.
std::string s3_host(const std::string& region, bool fips, bool dual_stack) {
  std::string host = fips ? "s3-fips." : "s3.";
  if (dual_stack) host += "dualstack.";
  host += region;
  host += '.';
  host += partition_of_region(region).dns_suffix;
  return host;
}

Result<std::string> endpoint_of(std::string_view service, const char* own_variable, const EndpointSettings& settings,
                                const ProcessEnvironment& environment) {
  if (!settings.custom.empty()) return checked_endpoint(settings.custom);
  if (!is_true(environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
    for (const char* variable : {own_variable, "AWS_ENDPOINT_URL"}) {
      if (const auto url = environment(variable)) {
        Result<std::string> checked = checked_endpoint(*url);
        if (!checked) return fail(std::string(variable) + ": " + checked.error().message);
        return checked;
      }
    }
  }
  if (!looks_like_region(settings.region)) {
    return fail(settings.region.empty()
                    ? "An AWS region is required, such as eu-west-1: set the destination's region or AWS_REGION."
                    : "'" + settings.region + "' is not the name of an AWS region; expected one such as eu-west-1.");
  }
  const bool fips = settings.fips || is_true(environment("AWS_USE_FIPS_ENDPOINT"));
  const bool dual_stack = settings.dual_stack || is_true(environment("AWS_USE_DUALSTACK_ENDPOINT"));
  return std::string(kHttps) + (service == "s3" ? s3_host(settings.region, fips, dual_stack)
                                                : region_host(service, settings.region, fips, dual_stack));
}

bool valid_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

bool valid_port(std::string_view port) {
  if (port.empty() || port.size() > 5) return false;
  int value = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value >= 1 && value <= 65'535;
}

}  // namespace

Result<std::string> kinesis_endpoint(const EndpointSettings& settings, const ProcessEnvironment& environment) {
  return endpoint_of("kinesis", "AWS_ENDPOINT_URL_KINESIS", settings, environment);
}

Result<std::string> sts_endpoint(const EndpointSettings& settings, const ProcessEnvironment& environment) {
  return endpoint_of("sts", "AWS_ENDPOINT_URL_STS", settings, environment);
}

Result<std::string> s3_endpoint(const EndpointSettings& settings, const ProcessEnvironment& environment) {
  return endpoint_of("s3", "AWS_ENDPOINT_URL_S3", settings, environment);
}

Result<std::string> checked_endpoint(std::string_view url) {
  const auto wrong = [&](std::string_view what) {
    return fail("The endpoint '" + std::string(url.find('@') == std::string_view::npos ? url : "(not shown)") + "' " +
                std::string(what) + "; expected something like https://kinesis.example.internal:4567.");
  };
  const bool https = url.starts_with(kHttps);
  if (!https && !url.starts_with(kHttp)) return wrong("does not begin with https:// or http://");
  const std::string_view rest = url.substr(https ? kHttps.size() : kHttp.size());
  if (rest.find_first_of("?#") != std::string_view::npos) return wrong("has a query or a fragment");
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) return wrong("contains a user name");
  const auto [host, port] = http_client::split_port(authority);
  if (!valid_host(host)) return wrong("has no valid host");
  if (host.size() < authority.size() && !valid_port(port)) return wrong("has no valid port");
  const std::string_view path = rest.substr(slash);
  const auto printable = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (!std::all_of(path.begin(), path.end(), printable))
    return wrong("has a path with a character that URLs do not allow");
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

std::optional<std::string> region_of_environment(const ProcessEnvironment& environment) {
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment(variable)) return region;
  }
  return std::nullopt;
}

}  // namespace sluice::aws
