internal import HelperKit

TCAttacher.run()
