#include "loadgen/runner.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace loadgen {
namespace {
constexpr std::int64_t kReconnect_us = 20'000;  // after a connection failed
}

Runner::Runner(const RunSettings& settings, const sluice::Clock& clock)
    : settings_(settings), clock_(clock), epoll_(epoll_create1(EPOLL_CLOEXEC)), slots_(settings.connections) {
  if (settings.tls) {
    tls_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  PayloadShape shape = settings.shape;
  for (auto& slot : slots_) {
    slot.connection = std::make_unique<Connection>(settings.address, settings.port, tls_.get());
    slot.payload = std::make_unique<Payload>(shape);
    ++shape.seed;  // other events on each connection
  }
}

Runner::~Runner() {
  slots_.clear();
  if (epoll_ >= 0) ::close(epoll_);
}

std::int64_t Runner::next_due_us() const {
  if (settings_.events_per_s <= 0) return began_us_;
  const double per_payload_us = 1e6 * settings_.shape.events / settings_.events_per_s;
  return began_us_ + static_cast<std::int64_t>(static_cast<double>(report_.payloads_started) * per_payload_us);
}

bool Runner::may_start(std::int64_t now_us, const volatile bool& stop) const {
  if (stop || (settings_.payloads > 0 && report_.payloads_started >= settings_.payloads)) return false;
  if (settings_.seconds > 0 && static_cast<double>(now_us - began_us_) >= settings_.seconds * 1e6) return false;
  return true;
}

sluice::Result<RunReport> Runner::run(const volatile bool& stop) {
  if (epoll_ < 0) return sluice::fail("the system gives no epoll descriptor; look at the limit of open files");
  began_us_ = clock_.steady_us();
  std::int64_t last_us = began_us_;
  std::array<epoll_event, 64> events;
  while (true) {
    std::int64_t now_us = clock_.steady_us();
    bool busy = false;
    bool waits = settings_.events_per_s > 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      if (slot.in_flight && now_us - slot.sent_us > settings_.timeout_ms * 1000) {
        ++report_.timeouts;
        slot.connection->close();
        finish(i, Connection::Outcome::failed, now_us);
      }
      if (!slot.in_flight) pump(i, now_us, stop);
      busy |= slot.job.has_value();
      waits |= slot.job.has_value() && !slot.in_flight;
    }
    if (busy) last_us = now_us;
    if (!busy && !may_start(now_us, stop)) break;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), waits ? 1 : 100);
    now_us = clock_.steady_us();
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      Slot& slot = slots_[at];
      if (!slot.connection->open()) continue;
      const auto outcome =
          slot.connection->on_ready((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0, (what & (EPOLLOUT | EPOLLERR)) != 0);
      if (outcome != Connection::Outcome::pending) {
        finish(at, outcome, now_us);
        if (!slot.in_flight) pump(at, now_us, stop);
      }
      watch(at);
    }
  }
  report_.seconds = static_cast<double>(last_us - began_us_) / 1e6;
  return std::move(report_);
}

void Runner::pump(std::size_t at, std::int64_t now_us, const volatile bool& stop) {
  Slot& slot = slots_[at];
  if (now_us < slot.wait_until_us) return;
  if (!slot.job) {
    if (!may_start(now_us, stop)) return;
    const std::int64_t due_us = next_due_us();
    if (due_us > now_us) return;
    slot.job = Job{report_.payloads_started++, settings_.events_per_s > 0 ? due_us : now_us};
    report_.acknowledged.push_back(false);
  }
  start(at, now_us);
}

void Runner::start(std::size_t at, std::int64_t now_us) {
  Slot& slot = slots_[at];
  slot.in_flight = true;
  slot.sent_us = now_us;
  ++slot.job->attempts;
  if (!slot.connection->open()) {
    slot.watched = 0;
    if (!slot.connection->connect()) return finish(at, Connection::Outcome::failed, now_us);
  }
  const std::uint64_t first = slot.job->payload * settings_.shape.events;
  const auto request = slot.payload->request(first, slot.job->payload, clock_.wall_ms());
  report_.bytes_sent += request.size();
  if (slot.connection->send(request) == Connection::Outcome::failed)
    return finish(at, Connection::Outcome::failed, now_us);
  watch(at);
}

void Runner::finish(std::size_t at, Connection::Outcome outcome, std::int64_t now_us) {
  Slot& slot = slots_[at];
  if (!slot.connection->open()) slot.watched = 0;
  if (outcome == Connection::Outcome::failed) {
    ++report_.connection_errors;
    slot.wait_until_us = now_us + kReconnect_us;
  }
  if (!slot.in_flight) return;  // an idle connection that the server closed
  slot.in_flight = false;
  if (outcome == Connection::Outcome::answered) {
    ++report_.statuses[slot.connection->status()];
    if (slot.connection->status() == 202) {
      ++report_.payloads_acknowledged;
      report_.acknowledged[slot.job->payload] = true;
      report_.acknowledged_us.add(now_us - slot.job->due_us);
      slot.job.reset();
      return;
    }
  }
  if (slot.job->attempts <= settings_.retries) {
    ++report_.retries;
    slot.wait_until_us = now_us + settings_.retry_delay_ms * 1000;
    return;
  }
  ++report_.payloads_failed;
  slot.job.reset();
}

void Runner::watch(std::size_t at) {
  Slot& slot = slots_[at];
  if (!slot.connection->open()) {
    slot.watched = 0;
    return;
  }
  const std::uint32_t wanted = EPOLLIN | (slot.connection->wants_write() ? std::uint32_t{EPOLLOUT} : 0u);
  if (wanted == slot.watched) return;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = at;
  epoll_ctl(epoll_, slot.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, slot.connection->socket(), &event);
  slot.watched = wanted;
}

std::string acknowledged_ranges(const RunReport& report, const PayloadShape& shape) {
  std::string out;
  const auto& acknowledged = report.acknowledged;
  for (std::size_t first = 0; first < acknowledged.size();) {
    if (!acknowledged[first]) {
      ++first;
      continue;
    }
    std::size_t end = first;
    while (end < acknowledged.size() && acknowledged[end]) ++end;
    out += event_id(shape.run, first * shape.events) + " " + std::to_string((end - first) * shape.events) + "\n";
    first = end;
  }
  return out;
}

}  // namespace loadgen
