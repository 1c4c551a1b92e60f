// Decides whether a request is signed by somebody the simulator knows, and whether that somebody may do what it asks.
// The decisions are pure; what AWS calls each refusal depends on the service and is put into words here too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kinesim/directory.h"
#include "kinesim/request.h"
#include "kinesim/sigv4_verifier.h"

namespace kinesim {

// A refusal as the client sees it. Without a code it is a page of HTML, as of a proxy on the way: `message`.
struct ApiError {
  unsigned status = 400;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> details = {};  // further elements of S3's errors
};
template <typename T>
using ApiResult = tl::expected<T, ApiError>;
inline tl::unexpected<ApiError> refuse(std::string code, std::string message, unsigned status = 400) {
  return tl::unexpected<ApiError>(ApiError{status, std::move(code), std::move(message)});
}

enum class Service : std::uint8_t { kinesis, sts, s3 };

struct AuthenticationSettings {
  std::string region;  // credentials must be scoped to it; empty: any
  bool verify = true;  // false: any signature of a known access key passes
  std::int64_t most_skew_ms = 300'000;
  std::int64_t most_skew_of_s3_ms = 900'000;
};

// Who signed `request`, at the simulator's time `now_ms`.
ApiResult<std::shared_ptr<const Principal>> authenticate(const Request& request, Service service,
                                                         const Directory& directory, SigningKeys& keys,
                                                         const AuthenticationSettings& settings, std::int64_t now_ms);

// AccessDeniedException when the principal's policies do not allow `action` on `resource`.
ApiResult<void> authorize(const Principal& principal, std::string_view action, std::string_view resource);

}  // namespace kinesim
