"""The servers within the server: what is asked inside PEAP and TTLS, and of a certificate that was shown."""

INNER = """\
server inner {
  authorize {
    update request {
      &Tmp-String-1 := "%{outer.request:EAP-Type}"
    }
    live
    if (noop) {
      live.pre-proxy
      kitei_inner {
        reject = 1
      }
      if (reject) {
        update outer.control {
          &Tmp-Integer-3 := 1
        }
        reject
      }
      live.authenticate
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
      &User-Name := "%{outer.request:User-Name}"
    }
    live.pre-proxy
    kitei_certified {
      reject = 1
    }
    if (reject) {
      update outer.control {
        &Tmp-Integer-3 := 1
      }
      reject
    }
    update control {
      &Auth-Type := Accept
    }
  }
}
"""
