#include "aws/arn.h"

#include <algorithm>
#include <array>

#include "aws/endpoints.h"

namespace sluice::aws {

namespace {

constexpr ArnForm kRoleForm = {"role", "iam", "arn:aws:iam::123456789012:role/sluice-export"};
constexpr std::size_t kMaxArnLength = 2048;

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

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

// The faults that all kinds share; empty when there is none.
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

bool has_only(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter_or_digit(c) || also.find(c) != std::string_view::npos; });
}

std::string shown_name(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 200)) out += c >= ' ' && c != 0x7f ? c : '?';
  return out + (text.size() > 200 ? "…'" : "'");
}

Error arn_error(std::string_view text, const ArnForm& form, std::string_view why) {
  return Error{shown_name(text) + " is not the ARN of a " + std::string(form.what) + ": " + std::string(why) +
               ". Expected the form " + std::string(form.example) + "."};
}

Result<ArnParts> parse_arn(std::string_view text, const ArnForm& form) {
  Parts parts;
  if (const auto fault = common_fault(text, parts, form.service); !fault.empty())
    return tl::unexpected(arn_error(text, form, fault));
  return ArnParts{parts[1], parts[3], parts[4], parts[5]};
}

bool is_region_of_partition(const ArnParts& arn) {
  return looks_like_region(arn.region) && partition_of_region(arn.region).name == arn.partition;
}

std::string RoleArn::text() const { return "arn:" + partition + ":iam::" + account + ":role" + role_path + role_name; }

Result<RoleArn> parse_role_arn(std::string_view text) {
  const auto arn = parse_arn(text, kRoleForm);
  if (!arn) return tl::unexpected(arn.error());
  const auto wrong = [&](std::string_view why) { return tl::unexpected(arn_error(text, kRoleForm, why)); };
  if (!arn->region.empty()) return wrong("roles have no region, its fourth part must be empty");
  constexpr std::string_view kPrefix = "role/";
  if (!arn->resource.starts_with(kPrefix)) return wrong("its last part does not begin with 'role/'");
  const std::string_view path_and_name = arn->resource.substr(kPrefix.size() - 1);
  const std::size_t slash = path_and_name.rfind('/');
  const std::string_view path = path_and_name.substr(0, slash + 1);
  const std::string_view name = path_and_name.substr(slash + 1);
  if (name.empty() || name.size() > 64 || !has_only(name, "_+=,.@-"))
    return wrong("the name of the role is not 1 to 64 of a-z A-Z 0-9 _ + = , . @ -");
  const bool graphic = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (path.size() > 512 || !graphic)
    return wrong("the path of the role is too long or has characters that IAM does not allow");
  return RoleArn{std::string(arn->partition), std::string(arn->account), std::string(path), std::string(name)};
}

Result<void> check_external_id(std::string_view external_id) {
  if (external_id.size() >= 2 && external_id.size() <= 1224 && has_only(external_id, "_+=,.@:/-")) return {};
  return fail("The external id is not 2 to 1,224 of a-z A-Z 0-9 _ + = , . @ : / -, as AWS STS requires.");
}

std::string session_name_from(std::string_view text) {
  std::string name(text.substr(0, 64));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !has_only({&c, 1}, "_+=,.@-");
      },
      '-');
  while (name.size() < 2) name += '-';
  return name;
}

}  // namespace sluice::aws
