#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/log.h"
#include "http/sockets.h"

namespace sluice::http {

class TlsSettings {
 public:
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

void TlsSettingsDeleter::operator()(TlsSettings* settings) const { delete settings; }

namespace {

// Writes to a socket whose other side has closed it fail, and raise no signal, which OpenSSL's own sockets would. It
// neither owns the socket nor closes it.
class SocketBio {
 public:
  static BIO* make(int socket) {
    static const BIO_METHOD* const method = make_method();
    BIO* bio = BIO_new(method);
    SLUICE_CHECK(bio != nullptr, "there is memory for a connection");
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio, 1);
    return bio;
  }

 private:
  static int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }
  static int read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t got = ::recv(socket_of(bio), out, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(got);
  }
  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static const BIO_METHOD* make_method() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    SLUICE_CHECK(method != nullptr, "there is memory for a method");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }
};

// OpenSSL over the socket itself. Asio's own TLS stream keeps four buffers of 17 KiB for each connection, used or not;
// this one has those of OpenSSL, which go while nothing is read or written (SSL_MODE_RELEASE_BUFFERS), and reads into
// the loop's scratch buffer as a plain connection does.
class TlsConnection final : public Connection {
 public:
  TlsConnection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer, std::shared_ptr<TlsSettings> settings)
      : Connection(loop, std::move(peer)),
        loop_(*loop),
        settings_(std::move(settings)),
        socket_(std::move(socket)),
        tls_(SSL_new(settings_->context.native_handle())) {
    SLUICE_CHECK(tls_ != nullptr, "there is memory for a connection");
    BIO* bio = SocketBio::make(socket_.native_handle());
    SSL_set_bio(tls_.get(), bio, bio);
    SSL_set_accept_state(tls_.get());
  }

 private:
  enum class Needs : std::uint8_t { nothing, to_read, to_write, the_end };
  // What a call of OpenSSL that returned `result` waits for.
  Needs needs(int result) {
    switch (SSL_get_error(tls_.get(), result)) {
      case SSL_ERROR_NONE:
        return Needs::nothing;
      case SSL_ERROR_WANT_READ:
        return Needs::to_read;
      case SSL_ERROR_WANT_WRITE:
        return Needs::to_write;
      default:
        return Needs::the_end;
    }
  }

  std::shared_ptr<TlsConnection> self() { return std::static_pointer_cast<TlsConnection>(shared_from_this()); }

  template <typename Then>
  void when(Needs needs, Then then) {
    socket_.async_wait(needs == Needs::to_write ? Socket::wait_write : Socket::wait_read, std::move(then));
  }

  void open() override {
    ERR_clear_error();
    const Needs wants = needs(SSL_do_handshake(tls_.get()));
    if (wants == Needs::nothing) return on_open(true);
    if (wants == Needs::the_end) return on_open(false);
    when(wants, [self = self()](ErrorCode error) { error ? self->on_open(false) : self->open(); });
  }

  void start_read() override {
    // What OpenSSL has read already makes no socket readable.
    if (SSL_has_pending(tls_.get()) == 1)
      return boost::asio::post(socket_.get_executor(), [self = self()] { self->readable(ErrorCode()); });
    wait_readable(Needs::to_read);
  }
  void wait_readable(Needs wants) {
    when(wants, [self = self()](ErrorCode error) { self->readable(error); });
  }

  void readable(ErrorCode error) {
    if (error || !socket_.is_open()) return on_read(false, {});
    const int most = static_cast<int>(std::min(AsioLoop::kScratchBytes, read_limit()));
    ERR_clear_error();
    const int bytes = SSL_read(tls_.get(), loop_.scratch(), most);
    const Needs wants = needs(bytes);
    if (wants == Needs::to_read || wants == Needs::to_write) return wait_readable(wants);
    on_read(wants == Needs::nothing, {loop_.scratch(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0});
  }

  // One record at most. None: the connection failed.
  std::optional<std::size_t> write_record(std::string_view bytes, Needs& wants) {
    ERR_clear_error();
    const int written = SSL_write(tls_.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), kRecordBytes)));
    wants = needs(written);
    if (wants == Needs::the_end) return std::nullopt;
    return written > 0 ? static_cast<std::size_t>(written) : 0;
  }

  Io start_write(std::string_view bytes) override {
    while (!bytes.empty()) {
      Needs wants = Needs::nothing;
      const auto written = write_record(bytes, wants);
      if (!written) return Io::failed;
      bytes.remove_prefix(*written);
      if (wants == Needs::nothing) continue;
      when(wants, [self = self(), bytes](ErrorCode error) {
        if (error || !self->socket_.is_open()) return self->on_written(false);
        const Io result = self->start_write(bytes);
        if (result != Io::pending) self->on_written(result == Io::done);
      });
      return Io::pending;
    }
    return Io::done;
  }

  // Small pieces go together in one record. What OpenSSL did not take it is given again, from the same place on.
  std::optional<std::size_t> write_some(std::span<const std::string_view> pieces) override {
    // A record that OpenSSL could not send whole cannot be taken back, so none is begun that would wait.
    if (may_write_others() && !is_writable()) return 0;
    std::string_view record = pieces.front();
    if (record.size() < kRecordBytes && pieces.size() > 1) {
      std::size_t size = 0;
      for (const std::string_view piece : pieces) size += piece.copy(loop_.scratch() + size, kRecordBytes - size);
      record = {loop_.scratch(), size};
    }
    return write_record(record, stream_wants_);
  }
  void wait_writable() override {
    when(stream_wants_ == Needs::to_read ? Needs::to_read : Needs::to_write,
         [self = self()](ErrorCode error) { self->on_writable(!error && self->socket_.is_open()); });
  }
  bool may_write_others() const override { return stream_wants_ == Needs::nothing; }
  bool is_writable() {
    pollfd asked{socket_.native_handle(), POLLOUT, 0};
    return ::poll(&asked, 1, 0) != 0;
  }
  void settle() override { keep_little_unsent(socket_); }

  // Sends close_notify without waiting for the other side's; reading may continue.
  void shut_down() override {
    ERR_clear_error();
    if (needs(SSL_shutdown(tls_.get())) == Needs::to_write)
      return when(Needs::to_write, [self = self()](ErrorCode error) {
        if (!error && self->socket_.is_open()) self->shut_down();
      });
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  bool needs_close_notify() const override { return true; }
  void close_socket() override {
    ErrorCode ignored;
    socket_.close(ignored);
  }
  bool bytes_waiting() override {
    ErrorCode ignored;
    return SSL_has_pending(tls_.get()) == 1 || socket_.available(ignored) > 0;
  }

  // A TLS record carries no more.
  static constexpr std::size_t kRecordBytes = 16 << 10;
  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  AsioLoop& loop_;
  std::shared_ptr<TlsSettings> settings_;
  Socket socket_;
  std::unique_ptr<SSL, Free> tls_;
  Needs stream_wants_ = Needs::nothing;  // of the last write_some()
};

// Of TLS 1.2, what keeps past traffic secret when the key is lost later, with authenticated encryption: Mozilla's
// "intermediate" list without DHE. TLS 1.3's are all so.
constexpr const char* kCiphers12 = "ECDHE+AESGCM:ECDHE+CHACHA20";

// Said, and not refused: Kubernetes and Docker hand secrets out as files that are readable inside the container.
void warn_when_readable_by_all(const std::string& key_file) {
  struct stat status {};
  if (::stat(key_file.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  log_warn("tls.key_readable_by_all",
           {{"file", key_file}, {"message", "Every user of this machine can read this private key. chmod 600 it."}});
}

// This server speaks only HTTP/1.1; a client that offers protocols gets that answer.
int select_protocol(SSL*, const unsigned char** selected, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kHttp11, sizeof kHttp11, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *selected = found;
  return SSL_TLSEXT_ERR_OK;
}

Result<TlsSettingsPointer> read_tls_settings(const HttpTls& tls) {
  TlsSettingsPointer settings(new TlsSettings);
  boost::asio::ssl::context& context = settings->context;
  ErrorCode error;
  context.set_options(boost::asio::ssl::context::default_workarounds, error);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.native_handle(), kCiphers12);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.native_handle(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.native_handle(), 1);
  SSL_CTX_set_alpn_select_cb(context.native_handle(), select_protocol, nullptr);
  context.use_certificate_chain_file(tls.certificate_file, error);
  if (error)
    return fail("The TLS certificate " + tls.certificate_file + " cannot be used: " + error.message() +
                ". Expected a PEM file with the certificate and its chain.");
  context.use_private_key_file(tls.private_key_file, boost::asio::ssl::context::pem, error);
  if (error)
    return fail("The TLS private key " + tls.private_key_file + " cannot be used: " + error.message() +
                ". Expected a PEM file with the key of the certificate " + tls.certificate_file + ".");
  return settings;
}

}  // namespace

Result<TlsSettingsPointer> load_tls_settings(const HttpTls& tls) {
  auto settings = read_tls_settings(tls);
  if (settings) warn_when_readable_by_all(tls.private_key_file);
  return settings;
}

Result<void> check_tls(const HttpTls& tls) {
  const auto settings = read_tls_settings(tls);
  return settings ? Result<void>() : tl::unexpected(settings.error());
}

std::shared_ptr<Connection> make_tls_connection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer,
                                                std::shared_ptr<TlsSettings> settings) {
  return std::make_shared<TlsConnection>(std::move(loop), std::move(socket), std::move(peer), std::move(settings));
}

}  // namespace sluice::http
