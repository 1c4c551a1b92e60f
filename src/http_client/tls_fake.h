// The server's side of TLS for HttpServerFake, with a certificate of its own for 127.0.0.1 and
// sluice.localhost, which libcurl resolves to 127.0.0.1 and ::1.
#pragma once

#include <memory>
#include <string>

namespace sluice::http_client {

class TlsFake {
 public:
  TlsFake();
  ~TlsFake();
  // The certificate, which signs itself: a client that trusts it trusts the server.
  const std::string& certificate_pem() const { return certificate_pem_; }

  // One connection. Blocking; a false or 0 means that it is over.
  class Connection {
   public:
    Connection(const TlsFake& fake, int socket);
    ~Connection();
    bool handshake();
    std::size_t read(char* into, std::size_t size);
    bool write(const std::string& bytes);
    bool resumed() const;

   private:
    struct Session;
    std::unique_ptr<Session> session_;
  };

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string certificate_pem_;
};

}  // namespace sluice::http_client
