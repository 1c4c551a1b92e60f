#include "aws/endpoints.h"

#include <algorithm>

#include "base/text.h"
#include "http_client/url.h"

namespace sluice::aws {

namespace {

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

}  // namespace

Result<std::string> service_endpoint(std::string_view service, const EndpointSettings& settings,
                                     const ProcessEnvironment& environment, HostOfRegion* host_of_region) {
  if (!settings.custom.empty()) return checked_endpoint(settings.custom);
  if (!is_true(environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
    std::string own_variable = "AWS_ENDPOINT_URL_";
    for (const char c : service) own_variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    for (const char* variable : {own_variable.c_str(), "AWS_ENDPOINT_URL"}) {
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
  return "https://" + (host_of_region != nullptr ? host_of_region(settings.region, fips, dual_stack)
                                                 : region_host(service, settings.region, fips, dual_stack));
}

Result<std::string> sts_endpoint(const EndpointSettings& settings, const ProcessEnvironment& environment) {
  return service_endpoint("sts", settings, environment);
}

Result<std::string> checked_endpoint(std::string_view url) {
  const auto wrong = [&](std::string_view what) {
    return fail("The endpoint '" + (url.find('@') == std::string_view::npos ? shown_value(url) : "(not shown)") + "' " +
                std::string(what) + "; expected something like https://service.example.internal:4567.");
  };
  std::string used(url);
  if (const std::size_t scheme = used.find("://"); scheme != std::string::npos)
    used.replace(0, scheme, lower(url.substr(0, scheme)));
  const auto parts = http_client::parse_url(used);
  if (!parts) return wrong(parts.error().message);
  if (parts->path_and_query.find('?') != std::string_view::npos) return wrong("has a query");
  while (used.ends_with('/')) used.pop_back();
  return used;
}

std::optional<std::string> region_of_environment(const ProcessEnvironment& environment) {
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment(variable)) return region;
  }
  return std::nullopt;
}

}  // namespace sluice::aws
