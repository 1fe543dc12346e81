internal import HelperKit

TLSAttacher.run()
