#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstring>

#include "base/log.h"
#include "http/sockets.h"

namespace sluice::http {

class TlsSettings {
 public:
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

void TlsSettingsDeleter::operator()(TlsSettings* settings) const { delete settings; }

namespace {

using Stream = boost::asio::ssl::stream<Socket>;

class TlsConnection final : public Connection {
 public:
  TlsConnection(std::shared_ptr<AsioLoop> loop, Socket socket, std::string peer, std::shared_ptr<TlsSettings> settings)
      : Connection(std::move(loop), std::move(peer)),
        settings_(std::move(settings)),
        stream_(std::move(socket), settings_->context) {}

 private:
  // A TLS record carries at most 16 KiB, and a read yields at most one record.
  static constexpr std::size_t kBufferBytes = 16 << 10;

  std::shared_ptr<TlsConnection> self() { return std::static_pointer_cast<TlsConnection>(shared_from_this()); }

  void open() override {
    stream_.async_handshake(Stream::server, [self = self()](ErrorCode error) { self->on_open(!error); });
  }

  void start_read() override {
    if (!buffer_) buffer_ = std::make_unique<char[]>(kBufferBytes);
    stream_.async_read_some(boost::asio::buffer(buffer_.get(), std::min(kBufferBytes, read_limit())),
                            [self = self()](ErrorCode error, std::size_t bytes) {
                              self->on_read(!error, {self->buffer_.get(), error ? 0 : bytes});
                            });
  }

  Io start_write(std::string_view bytes) override {
    stream_.async_write_some(boost::asio::buffer(bytes), [self = self(), bytes](ErrorCode error, std::size_t written) {
      if (error) return self->on_written(false);
      if (written < bytes.size())
        self->start_write(bytes.substr(written));
      else
        self->on_written(true);
    });
    return Io::pending;
  }

  // Sends close_notify without waiting for the other side's; reading may continue.
  void shut_down() override {
    stream_.async_shutdown([self = self()](ErrorCode) {
      ErrorCode ignored;
      self->stream_.next_layer().shutdown(Socket::shutdown_send, ignored);
    });
  }
  bool needs_close_notify() const override { return true; }
  void close_socket() override {
    ErrorCode ignored;
    stream_.next_layer().close(ignored);
  }
  bool bytes_waiting() override {
    ErrorCode ignored;
    return stream_.next_layer().available(ignored) > 0;
  }

  std::shared_ptr<TlsSettings> settings_;
  Stream stream_;
  std::unique_ptr<char[]> buffer_;
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
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
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
