// A client for tests: a plain or TLS socket to a server on loopback, driven step by step, that sends exactly the bytes
// it is given. Blocking, with a deadline on every wait, so that a test ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace sluice::http {

struct RawResponse {
  unsigned status = 0;                         // 0: no answer came, because the connection ended or the deadline passed
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class RawClient {
 public:
  static constexpr int kDeadlineMs = 20'000;

  // `address` is host:port. Fails the process when nobody listens: a test that cannot connect has nothing to say.
  explicit RawClient(const std::string& address, bool tls = false);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the connection was closed by the other side in the meantime.
  bool send(std::string_view bytes);
  // No more will be sent.
  void half_close();
  // The next answer; `head`: it is one to a HEAD request and has no body.
  RawResponse receive(bool head = false);
  // What came until this text, with it; less when the connection ended before.
  std::string receive_until(std::string_view text);
  // Reads once, and drops what was read: how many bytes, 0 at the end.
  std::size_t receive_some(std::size_t most);
  // Waits for the end of the connection; false when there are bytes or it stays open.
  bool closed();
  // Waits for the end whatever comes before it.
  bool closes_eventually();

  // send() and receive().
  RawResponse ask(std::string_view bytes);

 private:
  struct Tls;
  bool fill();
  bool ended() const;
  int socket_ = -1;
  std::unique_ptr<Tls> tls_;
  std::string buffer_;
};

// Waits for what another thread is about to do.
template <typename Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < RawClient::kDeadlineMs; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// "POST path HTTP/1.1", the headers (each with its line break), Content-Length and the body.
std::string post_text(std::string_view path, std::string_view body, std::string_view headers = {});

}  // namespace sluice::http
