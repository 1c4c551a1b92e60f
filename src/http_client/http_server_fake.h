// A small HTTP/1.1 server on loopback that answers from a function: for tests of the real transport. One thread a
// connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_client/tls_fake.h"

namespace sluice::http_client {

class HttpServerFake {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    int connection = 0;  // 1, 2, …: in the order in which they were opened
    bool tls_resumed = false;
    std::string header(const std::string& lower_case_name) const;
  };
  // What a script does with the connection, beyond an answer that is ready.
  class Connection {
   public:
    virtual ~Connection() = default;
    virtual bool send(const std::string& bytes) = 0;  // false: it is over
    virtual void wait_for_close() = 0;                // until the other side, or the end of the server, closes it
    virtual void reset() = 0;                         // breaks it: no orderly end reaches the other side
  };
  struct Answer {
    std::string bytes;                           // as sent, status line and all: see reply()
    bool close_after = false;                    // also what an empty answer amounts to: the connection breaks
    std::string for_ever = {};                   // sent after that again and again, until the other side has enough
    int every_ms = 0;                            // at this pace
    std::function<void(Connection&)> then = {};  // sends the rest; the connection is closed when it returns
  };
  using Handler = std::function<Answer(const Request&)>;

  enum class Over { plain, tls };
  enum class At { ipv4_loopback, ipv6_loopback };
  // The handler is called by several threads at once. Port 0: any free one.
  explicit HttpServerFake(Handler handler, Over over = Over::plain, At at = At::ipv4_loopback, std::uint16_t port = 0);
  ~HttpServerFake();

  std::uint16_t port() const { return port_; }
  std::string url() const { return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_); }
  // Over TLS: the certificate to trust.
  const std::string& certificate_pem() const { return tls_->certificate_pem(); }
  int connections() const { return connections_.load(); }

  static Answer reply(int status, const std::string& body, const std::string& more_headers = {});
  // An event stream whose body `then` sends, and that ends with the connection.
  static Answer event_stream(std::function<void(Connection&)> then, const std::string& more_headers = {});

 private:
  void accept_loop();
  void serve(int socket, int connection);

  Handler handler_;
  std::unique_ptr<TlsFake> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;           // guarded by mutex_
  std::vector<int> open_sockets_;   // guarded by mutex_
  std::list<std::thread> threads_;  // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace sluice::http_client
