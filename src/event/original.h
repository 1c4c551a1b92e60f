// A payload as its sender sent it, for destinations that repeat it to a service of their own: what is kept of the
// request's head, and the body byte for byte. It is the last row of its entry. Byte-exact layout: docs/entry-format.md,
// "The original". No credential is ever among it: of the headers only those named here are kept, and the client-side id
// in a path is replaced.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::event {

// Header lines of one original. SDKs send ten at most; of more, the last ones are left out.
inline constexpr std::size_t kMaxOriginalHeaders = 32;
// Bytes of one header's name and value. A longer one is left out: cut short it would say something else. As much as the
// entry keeps of one (kMaxSourceText).
inline constexpr std::size_t kMaxOriginalHeaderBytes = 4096;

// Stands in a path for the client-side id that the sender had there.
inline constexpr std::string_view kClientSideIdPlaceholder = "{}";

inline constexpr std::string_view kPayloadIdHeader = "x-launchdarkly-payload-id";

// Tells a Sluice that the request comes from another one, or from itself: it refuses it, and nothing goes in circles.
inline constexpr std::string_view kForwardedHeader = "x-sluice-forwarded";

// Name and value.
using OriginalHeader = std::pair<std::string_view, std::string_view>;

// Whether headers of that name, in any case, are kept: User-Agent, Content-Type, Content-Encoding and X-LaunchDarkly-*.
bool is_original_header(std::string_view name);

struct OriginalTarget {
  std::string_view method;  // GET or POST
  std::string_view path;    // as LaunchDarkly's event service knows it: "/events/bulk/{}"
  std::string_view query;   // without '?'; empty: none
};

// Appends the head to `out`. Of `headers`, the request's, those that are kept: first the ones by which a body is read
// and its repeats are known, so that no others displace them. `payload_id` is the X-LaunchDarkly-Payload-ID when none
// that is not empty is kept.
void append_original_head(const OriginalTarget& target, std::span<const OriginalHeader> headers,
                          std::string_view payload_id, std::string& out);

// Views point into the bytes it was read from.
struct Original {
  OriginalTarget target;
  std::vector<OriginalHeader> headers;  // names in lower case, each of them is_original_header()
  std::string_view body;                // as received, in its Content-Encoding; empty for GET

  // The first of that name, which is in lower case; empty: there is none.
  std::string_view header(std::string_view name) const;
  bool has_client_side_id() const;  // the path has a place for one
  // The path with an id in that place.
  std::string path_for(std::string_view client_side_id) const;
};

// Takes the bytes of an entry's slot apart. What it returns can be put into a request as it is: nothing in it ends a
// line early. An error says what is wrong with the bytes: they are damaged, or a later version wrote them. Any thread.
Result<Original> read_original(std::string_view bytes);

}  // namespace sluice::event
