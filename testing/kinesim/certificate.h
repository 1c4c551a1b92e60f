// A self-signed certificate for localhost and 127.0.0.1, so that clients under test speak TLS to the simulator. They
// trust it by its file (a CA bundle of one).
#pragma once

#include <string>

#include "base/result.h"

namespace kinesim {

struct CertificateFiles {
  std::string certificate;  // PEM
  std::string private_key;  // PEM, readable by the owner only
};

// Uses the pair in `folder` when there is one, else makes it; the folder too.
sluice::Result<CertificateFiles> make_certificate(const std::string& folder);

}  // namespace kinesim
