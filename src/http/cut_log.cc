#include "http/cut_log.h"

#include "base/log.h"

namespace sluice::http {
namespace {

struct CutText {
  std::string_view name, message;
};

constexpr std::array<CutText, kCuts> kTexts = {{
    {"too_many_connections",
     "All connections are in use and at work; new ones are answered 503. Raise the limit of connections, or find out "
     "who "
     "opens so many."},
    {"idle_recycled", "The limit of connections is reached: idle ones are closed to let new ones in."},
    {"header_recycled",
     "The limit of connections is reached: those that sent no complete request are closed to let new ones in."},
    {"header_timeout", "A client sent no complete header in time; its connection was closed."},
    {"body_timeout", "A client stopped sending its body; it was answered 408."},
    {"body_too_slow", "A client sent its body too slowly; it was answered 408."},
    {"body_evicted",
     "The memory for bodies is full: the slowest are answered 503. Somebody sends slowly on many connections, or the "
     "limit "
     "is too low for the traffic."},
    {"memory_full",
     "The memory for bodies stayed full; a body was answered 503. Raise the limit of buffered bytes, or find out who "
     "sends "
     "so much."},
    {"write_timeout", "A client did not read its answer; its connection was closed."},
    {"too_many_streams",
     "As many streams are open as there may be, in all or of one address or environment; new ones are answered 503. "
     "Raise the limit, or find out who opens so many."},
    {"stream_lagging", "A reader of a stream lagged too far behind; its connection was closed. It connects again."},
    {"stream_not_read", "A client did not read its stream, or too slowly; its connection was closed."},
}};

}  // namespace

std::string_view cut_name(Cut cut) { return kTexts[static_cast<std::size_t>(cut)].name; }

void CutLog::note(Cut cut, std::string_view peer, std::int64_t now_ms) {
  std::uint64_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    Gate& gate = gates_[static_cast<std::size_t>(cut)];
    if (gate.opened && now_ms - gate.opened_ms < kIntervalMs) {
      ++gate.left_out;
      return;
    }
    gate.opened = true;
    gate.opened_ms = now_ms;
    left_out = std::exchange(gate.left_out, 0);
  }
  log_warn("http.connection_cut", {{"reason", cut_name(cut)},
                                   {"message", kTexts[static_cast<std::size_t>(cut)].message},
                                   {"server", server_},
                                   {"peer", peer},
                                   {"lines_left_out", left_out}});
}

}  // namespace sluice::http
