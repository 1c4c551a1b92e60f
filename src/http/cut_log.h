// Says in the log why a server ended connections: one line of a reason a minute, with how many lines were left out, so
// that who attacks does not fill the log. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "http/server.h"

namespace sluice::http {

class CutLog {
 public:
  static constexpr std::int64_t kIntervalMs = 60'000;

  // Which server it is, in the lines. Before the first note().
  void set_server(std::string address) { server_ = std::move(address); }
  // `now_ms` is steady.
  void note(Cut cut, std::string_view peer, std::int64_t now_ms);

 private:
  struct Gate {
    bool opened = false;
    std::int64_t opened_ms = 0;
    std::uint64_t left_out = 0;
  };
  std::string server_;
  std::mutex mutex_;
  std::array<Gate, kCuts> gates_;
};

}  // namespace sluice::http
