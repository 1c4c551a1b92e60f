// How many file descriptors the process may have, and who gets them: the journal, exports and the admin port keep
// theirs however many connections SDKs open.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::server {

// Raises the soft limit to the hard one, and returns what holds then. Before many files are open; a failure leaves the
// limit as it is.
std::uint64_t raise_descriptor_limit();

struct ConnectionShares {
  std::size_t intake = 0, admin = 0;                  // connections that each port may have
  std::size_t intake_streams = 0, admin_streams = 0;  // streams beside them (http/stream.h)
};

// `wanted`, as far as `descriptors` allow. A quarter of them, 32 to 1,024, is kept for files and for connections to
// AWS; an eighth is the admin port's at most, a quarter of it kept for its streams. Of what intake has, its
// streams get a quarter, and more where its connections need less. Each port also has the connections that are being
// refused (http/server.cc). Never none.
ConnectionShares share_descriptors(std::uint64_t descriptors, ConnectionShares wanted);

}  // namespace sluice::server
