#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "http/sockets.h"

namespace sluice::http {
namespace {

// Waits until the socket is readable and then reads into the loop's scratch buffer, so that an idle connection owns no
// buffer at all.
class PlainConnection final : public Connection {
 public:
  PlainConnection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer)
      : Connection(loop, std::move(peer)), loop_(*loop), socket_(std::move(socket)) {}

 private:
  std::shared_ptr<PlainConnection> self() { return std::static_pointer_cast<PlainConnection>(shared_from_this()); }

  void start_read() override {
    socket_.async_wait(Socket::wait_read, [self = self()](ErrorCode error) { self->readable(error); });
  }

  void readable(ErrorCode error) {
    if (error) return on_read(false, {});
    const std::size_t bytes =
        socket_.read_some(boost::asio::buffer(loop_.scratch(), std::min(AsioLoop::kScratchBytes, read_limit())), error);
    if (error == boost::asio::error::would_block) return start_read();
    on_read(!error, {loop_.scratch(), bytes});
  }

  Io start_write(std::string_view bytes) override {
    ErrorCode error;
    while (!bytes.empty()) {
      const std::size_t written = socket_.write_some(boost::asio::buffer(bytes), error);
      bytes.remove_prefix(written);
      if (error == boost::asio::error::would_block) {
        socket_.async_wait(Socket::wait_write, [self = self(), bytes](ErrorCode wait_error) {
          if (wait_error) return self->on_written(false);
          const Io result = self->start_write(bytes);
          if (result != Io::pending) self->on_written(result == Io::done);
        });
        return Io::pending;
      }
      if (error) return Io::failed;
    }
    return Io::done;
  }

  std::optional<std::size_t> write_some(std::span<const std::string_view> pieces) override {
    std::array<iovec, StreamOutput::kMaxPieces> vectors;
    for (std::size_t i = 0; i < pieces.size(); ++i)
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};  // sendmsg() only reads
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    return errno == EAGAIN || errno == EINTR ? std::optional<std::size_t>(0) : std::nullopt;
  }

  void wait_writable() override {
    socket_.async_wait(Socket::wait_write, [self = self()](ErrorCode error) { self->on_writable(!error); });
  }
  void settle() override { keep_little_unsent(socket_); }

  void shut_down() override {
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  void close_socket() override {
    ErrorCode ignored;
    socket_.close(ignored);
  }
  bool bytes_waiting() override {
    ErrorCode ignored;
    return socket_.available(ignored) > 0;
  }

  AsioLoop& loop_;
  Socket socket_;
};

}  // namespace

std::shared_ptr<Connection> make_plain_connection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer) {
  return std::make_shared<PlainConnection>(std::move(loop), std::move(socket), std::move(peer));
}

}  // namespace sluice::http
