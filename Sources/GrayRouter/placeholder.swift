// GrayRouter
