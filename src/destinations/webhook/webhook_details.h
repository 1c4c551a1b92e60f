// What a webhook's sink knows of its receiver, for the destination's status.
#pragma once

#include <string>

#include "export/sink.h"

namespace sluice::webhook {

struct WebhookDetails final : exporting::SinkDetails {
  int last_status = 0;  // of HTTP, the receiver's last answer; 0: none yet
  bool gone = false;    // it answered 410, and nothing is sent
};

// Of a webhook's statistics; all unknown when its sink has told nothing yet.
inline const WebhookDetails& webhook_details(const exporting::SinkStats& stats) {
  static const WebhookDetails unknown;
  const auto* details = dynamic_cast<const WebhookDetails*>(stats.details.get());
  return details != nullptr ? *details : unknown;
}

}  // namespace sluice::webhook
