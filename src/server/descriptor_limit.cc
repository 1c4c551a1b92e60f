#include "server/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace sluice::server {
namespace {

// Of what intake has, a quarter is for streams, if that many are wanted.
constexpr std::uint64_t kStreamsAtLeast = 4;

// Of nine descriptors of a port, one is for a connection that is being refused (http/server.cc).
std::size_t connections_of(std::uint64_t descriptors) {
  return std::max<std::size_t>(static_cast<std::size_t>(descriptors) * 8 / 9, 1);
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  return limit.rlim_cur;
}

ConnectionShares share_descriptors(std::uint64_t descriptors, ConnectionShares wanted) {
  const std::uint64_t kept = std::clamp<std::uint64_t>(descriptors / 4, 32, 1024);
  ConnectionShares shares;
  shares.admin_streams = std::min<std::size_t>(wanted.admin_streams, descriptors / 8 / 4);
  shares.admin = std::min(wanted.admin, connections_of(descriptors / 8 - shares.admin_streams));
  const std::uint64_t taken = kept + descriptors / 8;
  const std::uint64_t left = descriptors > taken ? descriptors - taken : 0;
  // Events go first: SDKs without a stream keep the flags that they have.
  const std::uint64_t at_least = std::min<std::uint64_t>(wanted.intake_streams, left / kStreamsAtLeast);
  const std::uint64_t for_connections =
      std::min<std::uint64_t>(wanted.intake + (wanted.intake + 7) / 8, left - at_least);
  shares.intake_streams = std::min<std::size_t>(wanted.intake_streams, left - for_connections);
  shares.intake = std::min(wanted.intake, connections_of(left - shares.intake_streams));
  return shares;
}

}  // namespace sluice::server
