#include "composite/sink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "composite/channel.h"

namespace composite {
namespace {

std::string answer_to(std::size_t records) {
  std::string body = R"({"EncryptionType":"NONE","FailedRecordCount":0,"Records":[)";
  for (std::size_t i = 0; i < records; ++i)
    body += fmt::format(R"({}{{"SequenceNumber":"4965{:052}","ShardId":"shardId-{:012}"}})", i > 0 ? "," : "", i, i);
  body += "]}";
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{}",
                     body.size(), body);
}

}  // namespace

sluice::Result<std::unique_ptr<Sink>> Sink::start(const std::string& certificate, const std::string& private_key,
                                                  std::size_t records_a_call) {
  std::unique_ptr<Sink> sink(new Sink);
  sink->answer_ = answer_to(records_a_call);
  if (!certificate.empty()) {
    sink->tls_.reset(SSL_CTX_new(TLS_server_method()));
    if (SSL_CTX_use_certificate_chain_file(sink->tls_.get(), certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(sink->tls_.get(), private_key.c_str(), SSL_FILETYPE_PEM) != 1)
      return sluice::fail("cannot use " + certificate + " with " + private_key);
  }
  sink->listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* const address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(sink->listener_, address, size) != 0 || ::listen(sink->listener_, 1) != 0 ||
      ::getsockname(sink->listener_, address, &size) != 0)
    return sluice::fail("cannot listen on loopback");
  sink->port_ = ntohs(at.sin_port);
  sink->thread_ = std::thread([raw = sink.get()] { raw->serve(); });
  return sink;
}

// One connection, until its other side closes it.
void Sink::serve() {
  const int socket = ::accept(listener_, nullptr, nullptr);
  if (socket < 0) return;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Channel channel(socket, tls_.get(), true);
  std::string message;
  while (channel.read_message(message) && channel.write(answer_)) {
  }
}

Sink::~Sink() {
  if (listener_ >= 0) ::shutdown(listener_, SHUT_RDWR);  // ends accept(), if nobody came
  if (thread_.joinable()) thread_.join();
  if (listener_ >= 0) ::close(listener_);
}

}  // namespace composite
