#include "kinesim/options.h"

#include <charconv>

namespace kinesim {
namespace {

std::vector<std::string> split(const std::string& text, char separator, std::size_t most) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (out.size() + 1 < most) {
    const std::size_t end = text.find(separator, at);
    if (end == text.npos) break;
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  out.push_back(text.substr(at));
  return out;
}

bool read_number(const std::string& text, std::uint32_t least, std::uint32_t most, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= least && out <= most;
}

sluice::Result<void> add_stream(const std::string& text, Simulator& simulator) {
  const auto parts = split(text, ':', 3);
  StreamSettings settings;
  settings.name = parts[0];
  settings.limits = simulator.settings().limits;
  const bool good = !settings.name.empty() && (parts.size() < 2 || read_number(parts[1], 1, 10'000, settings.shards)) &&
                    (parts.size() < 3 || read_number(parts[2], 1, 10'240, settings.max_record_kib));
  if (!good)
    return sluice::fail("expected --create-stream name:shards[:maxRecordKiB], such as events:2, not '" + text + "'.");
  if (!simulator.find_stream(settings.name)) simulator.create_stream(settings, 0);
  return {};
}

sluice::Result<void> add_bucket(const std::string& text, Simulator& simulator) {
  const auto parts = split(text, ':', 2);
  BucketSettings settings;
  settings.name = parts[0];
  settings.region = parts.size() > 1 ? parts[1] : simulator.settings().region;
  settings.owner = simulator.settings().account;
  if (settings.name.size() < 3 || settings.region.empty())
    return sluice::fail("expected --create-bucket name[:region], such as flag-events:eu-west-1, not '" + text + "'.");
  simulator.buckets().put(std::move(settings));
  return {};
}

sluice::Result<void> add_identity(const std::string& text, Simulator& simulator) {
  const auto parts = split(text, ':', 3);
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty())
    return sluice::fail("expected --identity accessKey:secretKey[:arn].");
  Identity identity{parts[0], parts[1],
                    parts.size() > 2 ? parts[2] : "arn:aws:iam::" + simulator.settings().account + ":user/kinesim-demo",
                    std::nullopt};
  simulator.directory().put_identity(std::move(identity));
  return {};
}

sluice::Result<void> add_role(const std::string& text, const std::string& external_id, Simulator& simulator) {
  const auto parts = split(text, ',', 3);
  Role role;
  role.arn = parts[0];
  role.external_id = parts.size() > 1 ? parts[1] : external_id;
  if (parts.size() > 2 && !parts[2].empty()) role.trusted = {parts[2]};
  if (!role.arn.starts_with("arn:") || role.arn.find(":role/") == role.arn.npos)
    return sluice::fail("expected --role arn:aws:iam::123456789012:role/name[,externalId[,trusted]], not '" + text +
                        "'.");
  simulator.directory().put_role(std::move(role));
  return {};
}

}  // namespace

sluice::Result<void> apply_options(const Options& options, Simulator& simulator) {
  if (options.no_cbor) simulator.set_cbor_support(CborSupport::unknown_operation);
  for (const auto& text : options.identities)
    if (auto ok = add_identity(text, simulator); !ok) return ok;
  for (const auto& text : options.roles)
    if (auto ok = add_role(text, options.external_id, simulator); !ok) return ok;
  for (const auto& text : options.streams)
    if (auto ok = add_stream(text, simulator); !ok) return ok;
  for (const auto& text : options.buckets)
    if (auto ok = add_bucket(text, simulator); !ok) return ok;
  if (simulator.directory().identities().empty())
    return add_identity(std::string(kDemoAccessKey) + ":" + kDemoSecretKey, simulator);
  return {};
}

}  // namespace kinesim
