#include "aws/arn.h"

#include <algorithm>
#include <array>

#include "aws/endpoints.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kStreamForm = "arn:aws:kinesis:eu-west-1:123456789012:stream/flag-events";
constexpr std::string_view kRoleForm = "arn:aws:iam::123456789012:role/sluice-export";
constexpr std::size_t kMaxArnLength = 2048;

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool only(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter_or_digit(c) || also.find(c) != std::string_view::npos; });
}

// For messages: what came, cut short, without control characters.
std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 200)) out += c >= ' ' && c != 0x7f ? c : '?';
  return out + (text.size() > 200 ? "…'" : "'");
}

tl::unexpected<Error> not_arn(std::string_view kind, std::string_view text, std::string_view why,
                              std::string_view form) {
  return fail(shown(text) + " is not the ARN of a " + std::string(kind) + ": " + std::string(why) +
              ". Expected the form " + std::string(form) + ".");
}

// arn:partition:service:region:account:resource; the resource may contain colons.
using Parts = std::array<std::string_view, 6>;
bool split(std::string_view text, Parts& parts) {
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  return parts[0] == "arn";
}

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The faults that both kinds share; empty when there is none.
std::string_view common_fault(std::string_view text, Parts& parts, std::string_view service) {
  if (text.size() > kMaxArnLength) return "it is longer than 2,048 characters";
  if (!split(text, parts)) return "it does not have six parts divided by colons, the first of them 'arn'";
  if (find_partition(parts[1]) == nullptr)
    return "its second part is none of AWS's partitions (aws, aws-cn, aws-us-gov, …)";
  if (parts[2] != service) return "its third part names another service";
  if (!is_account(parts[4])) return "its fifth part is not an account of 12 digits";
  return {};
}

}  // namespace

std::string StreamArn::text() const {
  return "arn:" + partition + ":kinesis:" + region + ":" + account + ":stream/" + stream_name;
}

std::string RoleArn::text() const { return "arn:" + partition + ":iam::" + account + ":role" + role_path + role_name; }

Result<StreamArn> parse_stream_arn(std::string_view text) {
  Parts parts;
  if (const auto fault = common_fault(text, parts, "kinesis"); !fault.empty()) {
    return not_arn("Kinesis data stream", text, fault, kStreamForm);
  }
  if (!looks_like_region(parts[3]) || partition_of_region(parts[3]).name != parts[1]) {
    return not_arn("Kinesis data stream", text, "its fourth part is not a region of that partition", kStreamForm);
  }
  constexpr std::string_view kPrefix = "stream/";
  if (!parts[5].starts_with(kPrefix)) {
    return not_arn("Kinesis data stream", text, "its last part does not begin with 'stream/'", kStreamForm);
  }
  const std::string_view name = parts[5].substr(kPrefix.size());
  if (const auto checked = check_stream_name(name); !checked) {
    return not_arn("Kinesis data stream", text, "the name of the stream is not 1 to 128 of a-z A-Z 0-9 _ . -",
                   kStreamForm);
  }
  return StreamArn{std::string(parts[1]), std::string(parts[3]), std::string(parts[4]), std::string(name)};
}

Result<RoleArn> parse_role_arn(std::string_view text) {
  Parts parts;
  if (const auto fault = common_fault(text, parts, "iam"); !fault.empty()) {
    return not_arn("role", text, fault, kRoleForm);
  }
  if (!parts[3].empty()) return not_arn("role", text, "roles have no region, its fourth part must be empty", kRoleForm);
  constexpr std::string_view kPrefix = "role/";
  if (!parts[5].starts_with(kPrefix))
    return not_arn("role", text, "its last part does not begin with 'role/'", kRoleForm);
  const std::string_view path_and_name = parts[5].substr(kPrefix.size() - 1);
  const std::size_t slash = path_and_name.rfind('/');
  const std::string_view path = path_and_name.substr(0, slash + 1);
  const std::string_view name = path_and_name.substr(slash + 1);
  if (name.empty() || name.size() > 64 || !only(name, "_+=,.@-")) {
    return not_arn("role", text, "the name of the role is not 1 to 64 of a-z A-Z 0-9 _ + = , . @ -", kRoleForm);
  }
  const bool graphic = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (path.size() > 512 || !graphic) {
    return not_arn("role", text, "the path of the role is too long or has characters that IAM does not allow",
                   kRoleForm);
  }
  return RoleArn{std::string(parts[1]), std::string(parts[4]), std::string(path), std::string(name)};
}

Result<void> check_stream_name(std::string_view name) {
  if (!name.empty() && name.size() <= 128 && only(name, "_.-")) return {};
  return fail(shown(name) + " is not the name of a Kinesis data stream; expected 1 to 128 of a-z A-Z 0-9 _ . -");
}

Result<void> check_external_id(std::string_view external_id) {
  if (external_id.size() >= 2 && external_id.size() <= 1224 && only(external_id, "_+=,.@:/-")) return {};
  return fail("The external id is not 2 to 1,224 of a-z A-Z 0-9 _ + = , . @ : / -, as AWS STS requires.");
}

std::string session_name_from(std::string_view text) {
  std::string name(text.substr(0, 64));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !only({&c, 1}, "_+=,.@-");
      },
      '-');
  while (name.size() < 2) name += '-';
  return name;
}

}  // namespace sluice::aws
