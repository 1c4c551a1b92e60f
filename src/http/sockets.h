// The event loop and the connections in terms of Asio. Concrete executor types throughout: the polymorphic one costs a
// third of the throughput (docs/decisions/0003-beast-as-a-parser-only.md).
#pragma once

#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/connection.h"
#include "http/loop.h"

namespace sluice::http {

using ErrorCode = boost::system::error_code;
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

// One io_context and the thread that runs it. Connections own it together with the server: an answer may come back when
// the server is already destroyed.
class AsioLoop final : public Loop, public std::enable_shared_from_this<AsioLoop> {
 public:
  using Loop::Loop;

  void start(std::unique_ptr<HttpHandler> handler);
  // Closes what is open, waits for the thread, and frees the handler. From then on answers are dropped. Idempotent.
  void stop();

  // Loop's thread: a connection that comes now comes too late.
  bool stopping() const { return stopping_; }
  boost::asio::io_context& context() { return context_; }
  // The machine's, by which Asio's timers run.
  const Clock& clock() const override { return clock_; }
  void hand_over(std::shared_ptr<Connection> connection, HttpResponse response) override;
  void wake_streams(std::vector<std::shared_ptr<HttpStream>> streams) override;
  bool run_at(std::int64_t due_ms, std::function<void()> job) override;
  bool on_this_thread() const override { return std::this_thread::get_id() == thread_id_; }

  // Where a plain connection reads into: used up before the next connection's turn.
  static constexpr std::size_t kScratchBytes = 128 << 10;
  char* scratch() { return scratch_.get(); }

 private:
  void arm_timer();
  void arm_wait_timer() override;
  void deliver();
  void run_streams();
  void arm_jobs();
  void run_jobs();

  const SystemClock clock_{};
  boost::asio::io_context context_{1};
  std::optional<boost::asio::executor_work_guard<Executor>> work_;
  Timer timer_{context_}, wait_timer_{context_}, job_timer_{context_};
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(kScratchBytes);
  std::thread thread_;
  std::thread::id thread_id_;  // set by the thread before anyone can be handed a responder
  bool stopping_ = false;      // loop's thread

  std::mutex mutex_;
  std::vector<std::pair<std::shared_ptr<Connection>, HttpResponse>> mailbox_;
  std::vector<std::shared_ptr<HttpStream>> woken_streams_;
  bool streams_run_ = false;                                 // run_streams() is posted
  std::multimap<std::int64_t, std::function<void()>> jobs_;  // by when they are due
  bool closed_ = false;

  std::deque<std::shared_ptr<HttpStream>> ready_streams_;  // loop's thread
};

// Of a stream: the kernel takes no more than is about to be sent, so that what a slow reader does not take waits as a
// pointer, where a newer state can take its place.
void keep_little_unsent(Socket& socket);

std::shared_ptr<Connection> make_plain_connection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer);

// A certificate and its key, ready for connections (tls_connection.cc).
class TlsSettings;
struct TlsSettingsDeleter {
  void operator()(TlsSettings* settings) const;
};
using TlsSettingsPointer = std::unique_ptr<TlsSettings, TlsSettingsDeleter>;
Result<TlsSettingsPointer> load_tls_settings(const HttpTls& tls);
// `settings` outlives the loop's thread.
std::shared_ptr<Connection> make_tls_connection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer,
                                                std::shared_ptr<TlsSettings> settings);

}  // namespace sluice::http
