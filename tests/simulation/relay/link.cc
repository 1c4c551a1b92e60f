#include "link.h"

#include <algorithm>
#include <utility>

namespace sluice::relay_simulation {

class SimulatedConnection final : public http::Connection {
 public:
  SimulatedConnection(std::shared_ptr<SimulatedLoop> loop, std::string request, std::shared_ptr<Link> link)
      : Connection(loop, "192.0.2.1"), loop_(*loop), request_(std::move(request)), link_(std::move(link)) {}

  void bind() { link_->server_ = std::static_pointer_cast<SimulatedConnection>(shared_from_this()); }
  void reader_left() {
    left_ = true;
    if (reads_) end_of_input();
    if (waits_writable_) wake_writer();
  }
  void reader_read() {
    link_->blocked_since_us_ = 0;
    if (waits_writable_) wake_writer();
  }

 private:
  std::shared_ptr<SimulatedConnection> self() {
    return std::static_pointer_cast<SimulatedConnection>(shared_from_this());
  }
  void start_read() override {
    reads_ = true;
    if (left_) return end_of_input();
    if (request_.empty()) return;
    loop_.later([self = self()] {
      if (!std::exchange(self->reads_, false)) return;
      const std::string bytes = std::exchange(self->request_, {});
      self->on_read(!self->closed_, bytes);
    });
  }
  void end_of_input() {
    loop_.later([self = self()] {
      if (std::exchange(self->reads_, false)) self->on_read(false, {});
    });
  }
  Io start_write(std::string_view bytes) override {
    if (left_) return Io::failed;
    link_->to_reader_ += bytes;
    tell_reader();
    return Io::done;
  }
  std::optional<std::size_t> write_some(std::span<const std::string_view> pieces) override {
    if (left_) return std::nullopt;
    std::size_t room = Link::kBufferBytes - std::min(Link::kBufferBytes, link_->to_reader_.size());
    if (room > 0) room = 1 + loop_.random().below(room);
    std::size_t written = 0;
    for (const std::string_view piece : pieces) {
      const std::size_t part = std::min(room - written, piece.size());
      link_->to_reader_ += piece.substr(0, part);
      written += part;
    }
    if (written > 0) tell_reader();
    return written;
  }
  void wait_writable() override {
    waits_writable_ = true;
    link_->blocked_since_us_ = loop_.clock().steady_us();
    if (left_ || link_->to_reader_.size() < Link::kBufferBytes) wake_writer();
  }
  void wake_writer() {
    loop_.later([self = self()] {
      if (std::exchange(self->waits_writable_, false)) self->on_writable(!self->left_ && !self->closed_);
    });
  }
  void settle() override {}
  void shut_down() override {}
  void close_socket() override {
    closed_ = true;
    link_->server_closed_ = true;
    tell_reader();
  }
  bool bytes_waiting() override { return !request_.empty(); }
  void tell_reader() {
    if (link_->received) link_->received();
  }

  SimulatedLoop& loop_;
  std::string request_;
  const std::shared_ptr<Link> link_;
  bool reads_ = false, waits_writable_ = false, left_ = false, closed_ = false;
};

std::string Link::read(std::size_t most) {
  std::string out = to_reader_.substr(0, most);
  to_reader_.erase(0, most);
  if (const auto server = server_.lock()) server->reader_read();
  return out;
}

void Link::close() {
  received = nullptr;
  if (const auto server = server_.lock()) server->reader_left();
}

void SimulatedLoop::start(std::unique_ptr<http::HttpHandler> handler) {
  handler_ = std::move(handler);
  tick_later();
}

void SimulatedLoop::tick_later() {
  at(clock_.steady_us() + kTickUs, [this] {
    tick();
    tick_later();
  });
}

void SimulatedLoop::stop() {
  abort_all();
  stopped_ = true;
}

std::shared_ptr<Link> SimulatedLoop::connect(std::string request) {
  auto link = std::make_shared<Link>();
  auto connection = std::make_shared<SimulatedConnection>(shared_from_this(), std::move(request), link);
  connection->bind();
  shared().open.fetch_add(1);
  add(connection);
  connection->start(false);
  return link;
}

void SimulatedLoop::later(std::function<void()> call, std::int64_t most_us) {
  at(clock_.steady_us() + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most_us) + 1)),
     std::move(call));
}

void SimulatedLoop::at(std::int64_t due_us, std::function<void()> call) {
  scheduler_.at(due_us, [weak = weak_from_this(), call = std::move(call)] {
    if (const auto here = weak.lock(); here && !here->stopped_) call();
  });
}

void SimulatedLoop::hand_over(std::shared_ptr<http::Connection> connection, http::HttpResponse response) {
  auto shared = std::make_shared<http::HttpResponse>(std::move(response));
  later([connection = std::move(connection), shared] { connection->answer(std::move(*shared)); });
}

void SimulatedLoop::wake_streams(std::vector<std::shared_ptr<http::HttpStream>> streams) {
  for (auto& stream : streams) later([stream = std::move(stream)] { make_ready(*stream); });
}

bool SimulatedLoop::run_at(std::int64_t due_ms, std::function<void()> job) {
  if (stopped_) return false;
  const std::int64_t late_us = static_cast<std::int64_t>(random_.below(kTurnUs + 1));
  at(std::max(due_ms * 1'000, clock_.steady_us()) + late_us, std::move(job));
  return true;
}

void SimulatedLoop::arm_wait_timer() {
  later([this] { retry_waiting(); }, kWaitTickMs * 1'000);
}

}  // namespace sluice::relay_simulation
