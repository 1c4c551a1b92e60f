// A request's body as JSON text: as sent, inflated, or out of a picture's address.
#pragma once

#include <cstdint>
#include <string_view>

#include "intake/answers.h"
#include "intake/inflate.h"
#include "intake/router.h"

namespace sluice::intake {

// Of one loop's thread.
class BodyReader {
 public:
  // `budget`: what is inflated at a time over all loops.
  BodyReader(http::ByteBudget& budget, std::uint64_t max_inflated_bytes) : inflater_(budget, max_inflated_bytes) {}

  // With 64 readable bytes behind it; valid until the next read() or release(), and as long as the request. `max_bytes`
  // after inflation, at most what this was made with.
  tl::expected<std::string_view, Refused> read(const http::HttpRequest& request, EndpointKind endpoint,
                                               std::uint64_t max_bytes);
  // Gives back what a large payload made grow.
  void release() { inflater_.release(); }

 private:
  tl::expected<std::string_view, Refused> inflated(std::string_view body, std::uint64_t max_bytes);
  tl::expected<std::string_view, Refused> from_gif(std::string_view query);
  Inflater inflater_;
};

}  // namespace sluice::intake
