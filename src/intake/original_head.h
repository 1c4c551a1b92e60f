// The head of a payload as it is stored for destinations that repeat it (event/original.h): what of a request is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/original.h"
#include "http/server.h"
#include "intake/router.h"

namespace sluice::intake {

// One thread; reuses its buffers from payload to payload.
class OriginalHead {
 public:
  // Valid until the next call.
  std::string_view of(const http::HttpRequest& request, const Route& route);

 private:
  std::vector<event::OriginalHeader> headers_;
  std::string head_;
};

}  // namespace sluice::intake
