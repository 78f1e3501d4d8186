"""The servers within the server: what is asked inside PEAP and TTLS, and of a certificate that was shown."""

INNER = """\
server inner {
  authorize {
    update request {
      &Tmp-String-0 := "%{outer.request:Tmp-String-0}"
      &Tmp-String-1 := "%{outer.request:EAP-Type}"
    }
    # who it is says a packet before anything is decided (RFC 3748, 5.1)
    if (!(&EAP-Message && "%{hex:&EAP-Message}" =~ /^02[0-9a-f]{6}01/)) {
      live.pre-proxy
      kitei_inner {
        reject = 1
      }
      if (reject) {
        update outer.control {
          &Tmp-String-4 := "told"
        }
        reject
      }
    }
    if (&control:Auth-Type) {
      return
    }
    live.post-proxy
    eap {
      ok = return
    }
    mschap
    chap
  }
  authenticate {
    Auth-Type CHAP {
      chap
    }
    Auth-Type MS-CHAP {
      mschap
    }
    eap
  }
}
"""
CERTIFIED = """\
server certified {
  authorize {
    update request {
      &Tmp-String-0 := "%{outer.request:Tmp-String-0}"
      &User-Name := "%{outer.request:User-Name}"
    }
    live.pre-proxy
    kitei_certified {
      reject = 1
    }
    if (reject) {
      update outer.control {
        &Tmp-String-4 := "told"
      }
      reject
    }
    update control {
      &Auth-Type := Accept
    }
  }
}
"""
