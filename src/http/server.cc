#include "http/server.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <future>
#include <iterator>

#include "base/log.h"
#include "http/sockets.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Answering that there are too many connections takes a connection, too; beyond this many more they are just closed. Of
// a small limit an eighth, so that the descriptors suffice (server/descriptor_limit.h).
std::uint64_t refusals_at_once(std::uint64_t max_connections) {
  return std::clamp<std::uint64_t>(max_connections / 8, 4, 64);
}
constexpr int kBacklog = 4096;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr std::int64_t kAcceptLogMs = 10'000;
// How long a handshake that has begun may take to end. Less than the second after which a client sends its SYN again,
// so that it finds the other server then.
constexpr std::int64_t kHandshakeMs = 900;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

Result<tcp::endpoint> resolve(const std::string& address) {
  const auto wrong = [&](const std::string& what) {
    return fail("Cannot listen on \"" + address + "\": " + what +
                " Expected host:port, such as 127.0.0.1:8030 or [::]:8030.");
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return wrong("it has no port.");
  const std::string port_text = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || parsed.ec != std::errc() || parsed.ptr != port_text.data() + port_text.size())
    return wrong("\"" + port_text + "\" is no port.");
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);

  ErrorCode error;
  const asio::ip::address numeric = asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(numeric, port);
  asio::io_context context;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, port_text, tcp::resolver::passive, error);
  if (error || found.empty()) return wrong("the host is not known (" + error.message() + ").");
  return found.begin()->endpoint();
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

// Without port; an IPv4 client of an IPv6 socket by its IPv4 address.
std::string peer_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

// One acceptor on the first loop deals connections out in turn. SDKs keep few, long-lived connections: with
// SO_REUSEPORT the kernel's hash would leave some loops with twice the connections of others, and a second server
// started by mistake would silently share the port. Hence that only when it is asked for, for a rolling restart.
class Server final : public HttpServer {
 public:
  Server(const HttpLimits& limits, const HttpSharing& sharing)
      : shared_(std::make_shared<ServerShared>(limits)), sharing_(sharing) {}

  Result<void> start(const std::string& address, unsigned loops, const std::optional<HttpTls>& tls,
                     const std::function<std::unique_ptr<HttpHandler>(unsigned)>& make_handler);
  ~Server() override;
  std::string address() const override { return address_; }
  HttpServerStats stats() const override;
  Result<void> renew_tls(const HttpTls& tls) override;
  void drain(std::int64_t deadline_ms, std::int64_t grace_ms) override;

 private:
  Result<void> listen(const std::string& address);
  void accept();
  void accepted(AsioLoop& loop, ErrorCode error, Socket socket);
  void close_acceptor();
  void stop_accepting();
  void wait_for_none(std::int64_t deadline_ms);

  std::shared_ptr<ServerShared> shared_;
  const HttpSharing sharing_;
  std::shared_ptr<TlsSettings> tls_;  // swapped whole, atomically
  std::vector<std::shared_ptr<AsioLoop>> loops_;
  std::optional<Acceptor> acceptor_;
  std::optional<Timer> accept_pause_, handover_;
  std::size_t next_loop_ = 0;
  std::int64_t accept_logged_ms_ = -kAcceptLogMs;
  std::string address_;
};

Result<void> Server::listen(const std::string& address) {
  const Result<tcp::endpoint> endpoint = resolve(address);
  if (!endpoint) return tl::unexpected(endpoint.error());
  ErrorCode error;
  acceptor_.emplace(loops_.front()->context());
  acceptor_->open(endpoint->protocol(), error);
  if (!error) acceptor_->set_option(Acceptor::reuse_address(true), error);
  if (!error && sharing_.reuse_port) acceptor_->set_option(ReusePort(true), error);
  // [::] takes IPv4 as well, whatever the system's default.
  if (!error && endpoint->address().is_v6()) acceptor_->set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_->bind(*endpoint, error);
  if (!error) acceptor_->listen(kBacklog, error);
  if (error)
    return fail("Cannot listen on " + address + ": " + error.message() +
                ". Choose a free port and an address of this machine.");
  address_ = text_of(acceptor_->local_endpoint(error));
  shared_->cut_log.set_server(address_);
  return {};
}

Result<void> Server::start(const std::string& address, unsigned loops, const std::optional<HttpTls>& tls,
                           const std::function<std::unique_ptr<HttpHandler>(unsigned)>& make_handler) {
  if (tls)
    if (Result<void> taken = renew_tls(*tls); !taken) return taken;
  for (unsigned i = 0; i < std::max(1u, loops); ++i) loops_.push_back(std::make_shared<AsioLoop>(shared_));
  if (Result<void> listening = listen(address); !listening) return listening;
  accept_pause_.emplace(loops_.front()->context());
  for (unsigned i = 0; i < loops_.size(); ++i) loops_[i]->start(make_handler(i));
  asio::post(loops_.front()->context(), [this] { accept(); });
  return {};
}

Result<void> Server::renew_tls(const HttpTls& tls) {
  Result<TlsSettingsPointer> settings = load_tls_settings(tls);
  if (!settings) return tl::unexpected(settings.error());
  std::atomic_store(&tls_, std::shared_ptr<TlsSettings>(std::move(*settings)));
  return {};
}

void Server::accept() {
  if (!acceptor_->is_open()) return;
  AsioLoop& loop = *loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  acceptor_->async_accept(loop.context(),
                          [this, &loop](ErrorCode error, Socket socket) { accepted(loop, error, std::move(socket)); });
}

void Server::accepted(AsioLoop& loop, ErrorCode error, Socket socket) {
  if (error == asio::error::operation_aborted) return;
  if (error) {
    // Out of file descriptors, most likely: the connection stays in the queue, and asking again at once would only
    // spin.
    const std::int64_t now_ms = loops_.front()->now_ms();
    if (now_ms - accept_logged_ms_ >= kAcceptLogMs) {
      log_warn("http.accept_failed", {{"address", address_}, {"error", error.message()}});
      accept_logged_ms_ = now_ms;
    }
    accept_pause_->expires_after(kAcceptPause);
    accept_pause_->async_wait([this](ErrorCode wait_error) {
      if (!wait_error) accept();
    });
    return;
  }
  const std::uint64_t open = shared_->open.fetch_add(1);
  if (open >= shared_->limits.max_connections + refusals_at_once(shared_->limits.max_connections)) {
    shared_->open.fetch_sub(1);
    ErrorCode ignored;
    socket.close(ignored);
    return accept();
  }
  const bool refused = open >= shared_->limits.max_connections;
  asio::post(loop.context(), [this, shared_loop = loop.shared_from_this(), refused,
                              accepted_socket = std::move(socket)]() mutable {
    if (shared_loop->stopping()) return shared_loop->count_closed();
    ErrorCode ignored;
    accepted_socket.non_blocking(true, ignored);
    accepted_socket.set_option(tcp::no_delay(true), ignored);
    accepted_socket.set_option(tcp::socket::send_buffer_size(shared_loop->limits().send_buffer_bytes), ignored);
    std::string peer = peer_text(accepted_socket.remote_endpoint(ignored).address());
    LoopCounters::add(shared_loop->counters().accepted);
    const std::shared_ptr<TlsSettings> tls = std::atomic_load(&tls_);
    std::shared_ptr<Connection> connection =
        tls ? make_tls_connection(shared_loop, std::move(accepted_socket), std::move(peer), tls)
            : make_plain_connection(shared_loop, std::move(accepted_socket), std::move(peer));
    shared_loop->add(connection);
    connection->start(refused);
  });
  accept();
}

void Server::close_acceptor() {
  if (!acceptor_) return;
  ErrorCode ignored;
  acceptor_->close(ignored);
  if (accept_pause_) accept_pause_->cancel();
}

// Closing a listening socket resets what its queue holds, and the kernel keeps filling the queue until then. So the
// socket ignores new connections first: a filter drops the SYN of each new connection, which the client sends again a
// second later, when the other server of the port alone is there to hear it. Handshakes that have begun end, and are
// accepted.
void Server::stop_accepting() {
  static sock_filter drops_new[] = {
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},     // TCP's flags
      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x12},  // of them SYN and ACK
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x02},  // SYN alone?
      {BPF_RET | BPF_K, 0, 0, 0},               // drop
      {BPF_RET | BPF_K, 0, 0, 0xffff'ffff},     // pass
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(drops_new)), drops_new};
  if (::setsockopt(acceptor_->native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    log_warn("http.handover_not_clean",
             {{"address", address_},
              {"error", std::generic_category().message(errno)},
              {"message",
               "The socket cannot ignore new connections before it is closed; a connection that arrives now may be "
               "reset, and the SDK connects again."}});
}

void Server::wait_for_none(std::int64_t deadline_ms) {
  std::unique_lock lock(shared_->mutex);
  shared_->none_open.wait_for(lock, std::chrono::milliseconds(deadline_ms), [this] { return shared_->none(); });
}

void Server::drain(std::int64_t deadline_ms, std::int64_t grace_ms) {
  using std::chrono::steady_clock;
  const auto begun = steady_clock::now();
  for (const auto& loop : loops_)
    asio::post(loop->context(), [raw = loop.get(), grace_ms] { raw->say_close(grace_ms); });
  if (sharing_.reuse_port) {
    std::promise<void> closed;
    asio::post(loops_.front()->context(), [this, &closed] {
      stop_accepting();
      handover_.emplace(loops_.front()->context());
      handover_->expires_after(std::chrono::milliseconds(kHandshakeMs));
      handover_->async_wait([this, &closed](ErrorCode) {
        close_acceptor();
        closed.set_value();
      });
    });
    closed.get_future().wait();
  } else {
    asio::post(loops_.front()->context(), [this] { close_acceptor(); });
  }
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun).count();
  if (grace_ms > elapsed) wait_for_none(grace_ms - elapsed);
  for (const auto& loop : loops_) asio::post(loop->context(), [raw = loop.get()] { raw->drain(); });
  wait_for_none(deadline_ms);
}

// The first loop deals connections to the others, so it is the first to stop.
Server::~Server() {
  if (!loops_.empty()) asio::post(loops_.front()->context(), [this] { close_acceptor(); });
  for (const auto& loop : loops_) loop->stop();
}

HttpServerStats Server::stats() const {
  HttpServerStats out;
  const auto read = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  for (const auto& loop : loops_) {
    const LoopCounters& counters = loop->counters();
    out.connections_accepted += read(counters.accepted);
    out.connections_refused += read(counters.refused);
    out.requests += read(counters.requests);
    out.faults += read(counters.faults);
    out.timeouts += read(counters.timeouts);
    out.bytes_in += read(counters.bytes_in);
    out.bytes_out += read(counters.bytes_out);
    for (std::size_t i = 0; i < kCuts; ++i) out.cuts[i] += read(counters.cuts[i]);
  }
  out.streams_open = shared_->streams.open();
  out.connections_open = shared_->open.load(std::memory_order_relaxed);
  out.buffered_bytes = shared_->memory.used();
  return out;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(
    const std::string& address, unsigned loops, const HttpLimits& limits, std::optional<HttpTls> tls,
    std::function<std::unique_ptr<HttpHandler>(unsigned loop)> make_handler, const HttpSharing& sharing) {
  auto server = std::make_unique<Server>(limits, sharing);
  if (Result<void> started = server->start(address, loops, tls, make_handler); !started)
    return tl::unexpected(started.error());
  return server;
}

}  // namespace sluice::http
