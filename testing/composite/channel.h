// One connection, plain or TLS, that blocks. One thread.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace composite {

class Channel {
 public:
  // Takes the socket over. `tls`: null: plain.
  Channel(int socket, SSL_CTX* tls, bool is_server);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // False: the connection is gone.
  bool write(std::string_view bytes);
  // Reads one HTTP message with Content-Length into `out`, which is replaced. False: the connection is gone.
  bool read_message(std::string& out);

 private:
  long read_some(char* out, std::size_t size);

  const int socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
};

}  // namespace composite
