"""Front-ends: other languages to modules, each by the hook that plug-ins use too."""

if __name__ != "tblvm.frontends":
    raise ImportError("this package is tblvm.frontends: install tblvm and import it by that name")
