from tests.protocol.feature import portal, standing, visitor

__all__ = ["portal", "standing", "visitor"]
