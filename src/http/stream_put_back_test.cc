// What a stream does with blocks that its socket did not take, while others append to it: a connection without a
// socket, whose writes the test answers, and in which it appends as another thread would.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "http/loop.h"

namespace sluice::http {
namespace {

class OneStreamHandler final : public HttpHandler {
 public:
  explicit OneStreamHandler(std::shared_ptr<HttpStream> stream) : stream_(std::move(stream)) {}
  void handle(const HttpRequest&, HttpResponder responder) override {
    HttpResponse response;
    response.stream = stream_;
    responder(std::move(response));
  }

 private:
  const std::shared_ptr<HttpStream> stream_;
};

class HandDrivenLoop final : public Loop {
 public:
  explicit HandDrivenLoop(const std::shared_ptr<HttpStream>& stream)
      : Loop(std::make_shared<ServerShared>(HttpLimits())) {
    handler_ = std::make_unique<OneStreamHandler>(stream);
  }
  const Clock& clock() const override { return clock_; }
  void hand_over(std::shared_ptr<Connection> connection, HttpResponse response) override {
    connection->answer(std::move(response));
  }
  void wake_streams(std::vector<std::shared_ptr<HttpStream>> streams) override {
    woken_.insert(woken_.end(), streams.begin(), streams.end());
  }
  bool run_at(std::int64_t, std::function<void()>) override { return false; }
  bool on_this_thread() const override { return true; }
  void run_woken() {
    for (const auto& stream : std::exchange(woken_, {})) make_ready(*stream);
  }

 private:
  void arm_wait_timer() override {}
  const ManualClock clock_;
  std::vector<std::shared_ptr<HttpStream>> woken_;
};

class HandDrivenConnection final : public Connection {
 public:
  explicit HandDrivenConnection(std::shared_ptr<HandDrivenLoop> loop) : Connection(std::move(loop), "192.0.2.1") {}
  // Of a client of HTTP/1.0, so that blocks come without the framing of chunks.
  void ask() {
    start(false);
    on_read(true, "GET / HTTP/1.0\r\n\r\n");
    sent.clear();  // the head
  }
  void become_writable() { on_writable(true); }

  std::string sent;
  // Called in the next write, which then takes nothing.
  std::function<void()> in_full_write;

 private:
  void start_read() override {}
  Io start_write(std::string_view bytes) override {
    sent += bytes;
    return Io::done;
  }
  std::optional<std::size_t> write_some(std::span<const std::string_view> pieces) override {
    if (in_full_write) {
      std::exchange(in_full_write, nullptr)();
      return 0;
    }
    std::size_t written = 0;
    for (const std::string_view piece : pieces) {
      sent += piece;
      written += piece.size();
    }
    return written;
  }
  void wait_writable() override {}
  void settle() override {}
  void shut_down() override {}
  void close_socket() override {}
  bool bytes_waiting() override { return false; }
};

struct FullSocket {
  const std::shared_ptr<HttpStream> stream = HttpStream::make();
  const std::shared_ptr<HandDrivenLoop> loop = std::make_shared<HandDrivenLoop>(stream);
  const std::shared_ptr<HandDrivenConnection> connection = std::make_shared<HandDrivenConnection>(loop);

  FullSocket() {
    loop->shared().open.fetch_add(1);
    loop->add(connection);
    connection->ask();
  }
  ~FullSocket() { loop->abort_all(); }
  // Appends `first`, and `second` while the socket does not take `first`. What the reader gets afterwards.
  std::string sent_of(const std::string& first, const std::string& second, BlockKind kind) {
    connection->in_full_write = [&] { stream->append(stream_block(second), kind); };
    stream->append(stream_block(first), kind);
    loop->run_woken();
    EXPECT_EQ(connection->sent, "");
    connection->become_writable();
    loop->run_woken();
    return connection->sent;
  }
};

TEST(StreamPutBack, what_the_socket_did_not_take_goes_before_what_was_appended_since) {
  EXPECT_EQ(FullSocket().sent_of("first;", "second;", BlockKind::part), "first;second;");
}

TEST(StreamPutBack, a_state_that_the_socket_did_not_take_gives_way_to_a_newer_one) {
  EXPECT_EQ(FullSocket().sent_of("state 1;", "state 2;", BlockKind::state), "state 2;");
}

}  // namespace
}  // namespace sluice::http
